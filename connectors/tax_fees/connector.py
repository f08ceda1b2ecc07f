"""The tax office's table of fees, followed by Debezium: a row what happened to one fee.

`HUB_TAX_FEES_BOOTSTRAP`, `…_TOPIC` and the rest are `ChangesSettings`. Which column fills which
field is said by `mapping.toml`, or by the mapping that is in force for this source.
"""

from hub.connecting.typed import mapping_beside
from hub.definitions.contract import Contract
from hub.kafka.following import FollowedTable
from schemas.contracts.fee import Fee

CONTRACT = Contract(Fee)
TABLE = FollowedTable("tax_fees", CONTRACT, mapping_beside(__file__, CONTRACT))
CONNECTOR = TABLE.connector()
