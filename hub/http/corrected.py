"""A file as a page sends it with what was typed in the place of some of its cells."""

import json
from typing import Annotated, Any

from fastapi import Request
from pydantic import Base64Bytes, Field, ValidationError

from hub.definitions.admission import BodyError
from hub.definitions.contract import ITEMS_MAX
from hub.definitions.faults import in_words
from hub.http.parameters import ROW_MAX, Parameters
from hub.sheets.correcting import Corrections
from hub.sheets.xlsx import CELL_LENGTH_MAX

MEDIA_TYPE = "application/vnd.lgsp.corrected-file+json"


class TypedCell(Parameters):
    """What was typed in a row, by the index under which the row was rejected, for a field."""

    index: Annotated[int, Field(ge=0, le=ROW_MAX)]
    field: Annotated[str, Field(min_length=1, max_length=64)]
    text: Annotated[str, Field(max_length=CELL_LENGTH_MAX)]


class CorrectedFile(Parameters):
    """A file, its bytes in Base64 (RFC 4648), and the cells that were typed anew."""

    file: Base64Bytes
    cells: Annotated[list[TypedCell], Field(max_length=ITEMS_MAX)]

    @property
    def corrections(self) -> Corrections:
        """What was typed, by row and field; of two texts for one cell the last counts."""
        return {(c.index, c.field): c.text for c in self.cells}

    @property
    def written(self) -> bytes:
        """What was typed as one text of bytes: JSON, by rows and fields in order."""
        cells = [[*place, text] for place, text in sorted(self.corrections.items())]
        return json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode()


def is_corrected(request: Request) -> bool:
    """Tell whether a body says that it is a file with corrections."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def read_corrected(body: bytes) -> CorrectedFile:
    """Read a file with its corrections; raises `BodyError`."""
    try:
        return CorrectedFile.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        vi, en = in_words(fault)
        vi = f"tệp kèm chỗ sửa không đúng dạng ở {where}: {vi}"
        en = f"the file with corrections is malformed at {where}: {en}"
        raise BodyError("malformed_corrections", vi, en) from None


def schema() -> dict[str, Any]:
    """Describe the body for `/openapi.json`."""
    described = CorrectedFile.model_json_schema()
    cell = described.pop("$defs")[TypedCell.__name__]
    described["properties"]["cells"]["items"] = cell
    return described
