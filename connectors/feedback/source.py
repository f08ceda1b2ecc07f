"""Field feedback as a source: one form of files from the citizens' app, the hotline and the portal.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from connectors.feedback.connector import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="feedback",
    contract="feedback",
    title_vi="Phản ánh hiện trường và tổng đài 1022",
    title_en="Field feedback and hotline 1022",
    owner="Trung tâm giám sát, điều hành",
    cadence="daily",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
    again=AGAIN,
)
