"""The land office's outbox: a table of its database, a row an event, read by key.

`HUB_LAND_OFFICE_URL`, `…_TABLE`, `…_COMMIT` and the rest are `PolledSettings`. Which column fills
which field is said by `mapping.toml`, or by the mapping that is in force for this source.
"""

from hub.connecting.polled import PolledTable
from hub.connecting.rows import again_of
from hub.connecting.typed import mapping_beside
from hub.definitions.contract import Contract
from hub.sheets.files import table_of, with_id
from schemas.contracts.dossier import Dossier

CONTRACT = Contract(Dossier)
TABLE = PolledTable("land_office", CONTRACT, mapping_beside(__file__, CONTRACT))
AGAIN = again_of(CONTRACT, table_of(CONTRACT, TABLE.mapping), with_id)
CONNECTOR = TABLE.connector()
