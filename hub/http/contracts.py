"""The contracts for who fills them in: their fields in words, and files to fill in."""

import asyncio
from math import inf
from typing import Any

from fastapi import APIRouter, Response

from hub import registry
from hub.clock import iso
from hub.definitions.contract import Contract
from hub.figures.book import Book
from hub.http.attachment import CsvResponse, WorkbookResponse, attached
from hub.http.edge import Edge, Here, Named, Reader
from hub.http.openapi import NO_CONTRACT, NO_KEY
from hub.reference.periods import parse_period
from hub.sheets.asked import Asked, asked_of
from hub.sheets.template import Codes, contract_csv, contract_workbook
from hub.store.reading import Reading

router = APIRouter(dependencies=[Reader])


@router.get(
    "/v1/contracts",
    summary="Hợp đồng dữ liệu, từng cột bằng lời | Contracts, column by column in words",
    response_model=None,
    responses=NO_KEY,
)
async def list_contracts(edge: Here) -> dict[str, Any]:
    """List the contracts as the board orders them, each with its columns as a clerk fills them."""
    groups, kpis = registry.groups(), edge.hub.kpis.values()

    def place(contract: Contract) -> float:
        places = (groups[k.group].place for k in kpis if k.contract == contract.name)
        return min((p for p in places if p is not None), default=inf)

    contracts = sorted(edge.hub.contracts.values(), key=place)
    return {"contracts": [describe(contract) for contract in contracts]}


@router.get(
    "/v1/templates/{contract}.csv",
    summary="Tệp mẫu CSV | An empty CSV file to fill in",
    response_class=CsvResponse,
    response_description="Tệp mẫu | An empty file",
    responses={**NO_KEY, 404: NO_CONTRACT},
)
async def get_csv_template(contract: Named) -> Response:
    """Give an empty CSV file of a contract, with Vietnamese headers."""
    return CsvResponse(contract_csv(contract), headers=attached(f"mau-{contract.name}.csv"))


@router.get(
    "/v1/templates/{contract}.xlsx",
    summary="Tệp mẫu XLSX | An empty workbook to fill in",
    response_class=WorkbookResponse,
    response_description="Tệp mẫu | An empty workbook",
    responses={**NO_KEY, 404: NO_CONTRACT},
)
async def get_workbook_template(contract: Named, edge: Here) -> Response:
    """Give an empty workbook of a contract: headers, formats, lists in force, explanations."""
    codes = await edge.read(lambda reading: codes_in_force(edge, contract, reading))
    book = await asyncio.to_thread(contract_workbook, contract, codes)
    return WorkbookResponse(book, headers=attached(f"mau-{contract.name}.xlsx"))


def describe(contract: Contract) -> dict[str, Any]:
    """Describe a contract as JSON."""
    title = contract.spec.title
    columns = [_described(column) for column in asked_of(contract)]
    return {
        "contract": contract.name,
        "title_vi": title.vi,
        "title_en": title.en,
        "columns": columns,
    }


def _described(column: Asked) -> dict[str, Any]:
    choices = [{"text": text, "meaning": meaning} for text, meaning in column.choices]
    return {
        "field": column.field,
        "header": column.header,
        "title_vi": column.doc.vi,
        "title_en": column.doc.en,
        "how_vi": column.how.vi,
        "how_en": column.how.en,
        "example": column.example,
        "kind": column.kind,
        "is_needed": column.is_needed,
        "choices": choices,
    }


def codes_in_force(edge: Edge, contract: Contract, reading: Reading) -> Codes:
    """Give the codes of the lists that a contract's codes are of, as they are in force today."""
    book: Book = edge.hub.book(reading)
    today = parse_period(str(iso(edge.now()))[:10])
    names = {column.list_name for column in asked_of(contract)} - {""}
    return {
        name: [(r["code"], r.get("name_vi", "")) for r in book.reference.valid(name, today)]
        for name in sorted(names)
    }
