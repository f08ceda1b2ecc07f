"""What is asked of a hub's reading routes, rightly and wrongly."""

from tests.parts.asking import Client


def words(text: str) -> list[str]:
    """Give the words of a text."""
    return text.split()


OFFSETS = words("""
    0 00 1 -1 %2B1 %201 1.0 1e1 0x1 1_0 %C2%B2 %D9%A3 999999999 1000000000 x 1&offset=-1
    -1&offset=1 0&offset=0
""")
PERIODS = words("2023 2023-H1 2023-Q2 2023-05 2023-W20 2023-05-17")
NO_PERIODS = words("2023-13 2023-H3 2023-W54 2023-02-30 0000 23 May 2023%00")
INSTANTS = words("""
    2023-05-17T08:00:00+07:00 2023-05-17T08:00:00%2B07:00 2025-12-31T00:00:00Z now 2023-05-17
    2023-05-17T08:00:00 2999-01-01T00:00:00Z 0001-01-01T00:00:00%2B14:00 2026-01-15T03:00:00Z
    2001-01-01T00:00:00Z 2026-01-15T03:00:00Z&NAME=x
""")
LIMITS = words("1 1.9 %201 %2B1 1e0 0.5 %D9%A1 0_1 2&limit=1")
NO_NUMBERS = words("0 -1 x nan inf -inf 1e7 1000001 %20 1,0 0x1 1&NAME=x")
UNKNOWN = words("x=1 x= x =1 x=1&x=2 y=1&x=1 Period=2023")


async def ask_for_figures(client: Client) -> None:
    """Ask for KPIs and figures, rightly and wrongly."""
    await client.ask("GET /v1/kpis")
    for path in (
        "/v1/kpis",
        "/v1/kpis/dossier_received_new",
        "/v1/kpis/dossier_received_new/facts",
    ):
        asked = [
            f"period={p}"
            for p in ("", *PERIODS, *NO_PERIODS, "2022&period=2023", "2023&period=odd")
        ]
        asked += [f"as_of={i.replace('NAME', 'as_of')}" for i in ("", *INSTANTS)]
        asked += UNKNOWN
        for query in (*asked, "x=1&period=odd", "period=odd&as_of=now", "as_of=now&x=1"):
            await client.ask(f"GET {path}?{query}")
    for path in ("/v1/kpis/dossier_received_new", "/v1/kpis/dossier_received_new/facts"):
        for query in (
            *(f"period=2023&at={i.replace('NAME', 'at')}" for i in ("", *INSTANTS)),
            *(
                "at=now&as_of=now",
                "at=now&x=1",
                "by=colour&role=x",
                "x=1&offset=-1",
                "x=1&period=odd",
            ),
            *(
                f"period=2023&role={r}"
                for r in ("received_by", "citizen", "x", "", "x&role=citizen")
            ),
            *(
                f"period=2023&by={b}"
                for b in ("channel", "", ",", "colour", "unit,channel", "month")
            ),
            *(
                f"period=2023&by={b}"
                for b in ("day", "month,day", "channel&by=month", "channel,,channel")
            ),
            *(f"period=2023&channel={c}" for c in ("online", "fax", "", "fax&channel=online")),
            *("month=2023-05", "day=2023-05-02", "month=odd", "month=2023-05&period=odd", "day="),
            *("unit=H57.1&period=2023", "unit=&period=2023", "unit=H57.1&unit=H57.2&period=2023"),
        ):
            await client.ask(f"GET {path}?{query}")
    for offset in ("", *OFFSETS):
        await client.ask(f"GET /v1/kpis/dossier_received_new/facts?period=2023&offset={offset}")
    for page in (
        "limit=2",
        "limit=2&sort=-due_at",
        "sort=overdue_us&limit=1&after=~dossier",
        "sort=numerator&after=1~",
        "after=x",
        "limit=0",
        "limit=1001",
        "sort=channel",
    ):
        await client.ask(f"GET /v1/kpis/dossier_received_new/facts?period=2023&{page}")
    await client.ask_each(
        """
        /v1/kpis/dossier_online_share?period=2023 /v1/kpis/dossier_received?period=1999
        /v1/kpis/salinity_max?period=2023&by=station /v1/kpis/salinity_max?period=2023&role=citizen
        /v1/kpis/salinity_max?period=2023-05-03&by=station&station=ST01
        /v1/kpis/payment_amount?period=2023-05&by=method /v1/kpis/payment_amount/facts?period=2023
        /v1/kpis/source_fresh_minutes /v1/kpis/source_valid_share?by=source
        /v1/kpis/source_valid_share/facts /v1/kpis/dossier_online_share/facts?period=2023-05
        /v1/kpis/nothing /v1/kpis/nothing?x=1 /v1/kpis/nothing/facts
        /v1/kpis/nothing/facts?offset=-1 /v1/kpis/ /v1/kpis/a/b
        /v1/kpis/dossier_received_new/facts/ /v1/kpis/%20
        """
    )


async def ask_for_rows(client: Client) -> None:
    """Ask of a closed period: for figures, in rows, too, for what explains and what changed."""
    await client.ask_each("/v1/kpis?period=2023-05 /v1/kpis/dossier_received_new?period=2023-05")
    path = "/v1/kpis/dossier_online_share/ranking"
    for query in (
        *UNKNOWN,
        *("period=2023", "period=2023&by=unit", "period=2023&by=level", "period=2023&by=field"),
        *("period=2023&by=week&top=2", "from=2023-05-01&to=2023-05-10&by=day", "from=2023-05-01"),
        *("period=2023&by=unit&sort=-value", "period=2023&by=unit&sort=colour", "top=0"),
        *("period=2023-05&compare=last_year", "compare=yesterday", "period=2023&compare=unit:x"),
        *("period=2023&by=unit,month&layout=cross", "period=2023&layout=cross", "layout=x"),
        *("period=2023&level=commune", "period=2023&level=village", "by=level,unit"),
    ):
        await client.ask(f"GET {path}?{query}")
    for media in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"):
        asked = f"GET {path}?period=2023&by=channel"
        is_file = media != "text/csv"
        await client.ask(asked, headers={"Accept": media}, is_file=is_file)
    for key in ("", "one_stop", "unit", "payer"):
        await client.ask_each(
            """
            /v1/kpis/dossier_online_share/explain?entity=A
            /v1/kpis/dossier_online_share/explain?entity=Z
            /v1/kpis/dossier_online_share/explain /v1/kpis/source_valid_share/explain?entity=A
            """,
            key,
        )
    await client.ask_each(
        """
        /v1/changes /v1/changes?since=odd /v1/changes?x=1
        /v1/changes?since=2020-01-01T00:00:00Z&period=2023
        /v1/changes?since=2026-01-15T03:00:00Z&until=2026-01-15T02:00:00Z
        /v1/changes?since=2026-01-15T02:00:00Z&kpi=nothing
        """
    )


async def ask_for_bundles(client: Client) -> None:
    """Ask for figures with all that they rest on, rightly and wrongly."""
    path = "/v1/evidence/dossier_received_new"
    for query in (
        *UNKNOWN,
        *(f"period={p}" for p in ("2023", "2023-05", "1999", *NO_PERIODS)),
        *(f"period=2023&view={v}" for v in ("as_was", "rebased", "x")),
        *("period=2023&by=unit", "period=2023&channel=online", "period=2023&channel=fax"),
        *("period=2023&unit=H57.1", "period=2023&unit=x", "period=2023&as_of=now", "offset=1"),
    ):
        await client.ask(f"GET {path}?{query}")
    await client.ask_each(
        """
        /v1/evidence/dossier_online_share?period=2023 /v1/evidence/salinity_max?period=2023
        /v1/evidence/payment_amount?period=2023-05 /v1/evidence/source_valid_share?period=2023
        /v1/evidence/nothing /v1/evidence
        """
    )


async def ask_for_the_catalogue(client: Client) -> None:
    """Ask what KPIs and topics are, and what a leader is to see of them, rightly and wrongly."""
    await client.ask_each("/v1/catalogue /v1/catalogue?x=1 /catalogue /asyncapi.json")
    await client.ask_each("/v1/open-data /v1/open-data?x=1 /v1/open-data/files/catalogue.ttl")
    await client.ask_each("/overview /v1/overview?period=2023 /v1/overview?x=1 /v1/overview?at=now")
    await client.ask("GET /v1/overview?period=2023-05&at=2023-06-01T00:00:00Z")
    for period in ("1999", *NO_PERIODS):
        await client.ask(f"GET /v1/overview?period={period}")
    for form in ("brief", "odd"):
        await client.ask(f"GET /v1/stream?period=2023&limit=1&form={form}")


async def ask_for_lists(client: Client) -> None:
    """Ask for the lists that people work with, rightly and wrongly."""
    await client.ask_each("/v1/lists /v1/lists?x=1 /v1/lists/nothing")
    names = ("overdue", "due_soon", "not_synced", "without_reception", "gaps")
    for name in names:
        for query in (
            *UNKNOWN,
            *(f"period={p}" for p in ("2023", *NO_PERIODS)),
            *(f"period=2023&days={d}" for d in ("0", "365", "-1", "366", "x", "")),
            *(f"period=2023&unit={u}" for u in ("H57.1", "H57", "x", "")),
            *(f"period=2023&format={f}" for f in ("json", "csv", "pdf", "")),
            *(f"period=2023&role={r}" for r in ("resolved_by", "x")),
            *("as_of=2023-06-01T08:00:00%2B07:00", "by=unit", "period=2023&offset=1", "offset=-1"),
        ):
            await client.ask(f"GET /v1/lists/{name}?{query}")
        await client.ask(f"GET /v1/lists/{name}?period=2023", headers={"Accept": "text/csv"})
    for key in ("one_stop", "unit", "payer", "nobody"):
        await client.ask_each("/v1/lists/overdue?period=2023 /v1/lists/gaps?period=2023", key=key)
    for name in ("payment_calendar", "payment_revisions", "fees_unmatched"):
        for query in ("period=2023", "period=2023&reporter=NH01", "period=2023&unit=x", "period=x"):
            await client.ask(f"GET /v1/lists/{name}?{query}")
            await client.ask(f"GET /v1/lists/{name}?{query}&format=csv")
        for key in ("unit", "payer", "nobody"):
            await client.ask_each(f"/v1/lists/{name}?period=2023", key=key)


async def ask_for_reports(client: Client) -> None:
    """Ask for reports, and what their numbers are made of, rightly and wrongly."""
    for path in ("/v1/reports/06a?", "/v1/reports/06b?", "/v1/reports/06a/facts?column=c1&"):
        for period in ("", *PERIODS, *NO_PERIODS, "2022&period=2023"):
            await client.ask(f"GET {path}period={period}")
        for query in (
            *UNKNOWN,
            *(f"period=2023&at={i.replace('NAME', 'at')}" for i in INSTANTS),
            *(f"period=2023&as_of={i.replace('NAME', 'as_of')}" for i in INSTANTS),
            *(f"period=2023&role={r}" for r in ("received_by", "citizen", "")),
            *(f"period=2023&view={v}" for v in ("as_was", "as_is", "rebased", "x")),
            *(f"period=2023&unit={u}" for u in ("H57.1", "H57.2", "H57", "x", "")),
            *(f"period=2023&due={d}" for d in ("sent", "computed", "x", "computed&as_of=now")),
            *("by=channel", "period=2023&channel=online", "channel=fax", "procedure=1.005129"),
        ):
            await client.ask(f"GET {path}{query}")
    for query in ("format=odd", "edition=0", "edition=1", "edition=x", "edition=1&unit=H57.1"):
        await client.ask(f"GET /v1/reports/06a?period=2023-05&{query}")
    for column in ("", "c4", "c11", "not_decided", "c12"):
        await client.ask(f"GET /v1/reports/06b/facts?period=2023-05&column={column}")
    for offset in ("", *OFFSETS):
        await client.ask(f"GET /v1/reports/06a/facts?period=2023&column=c1&offset={offset}")
    for query in ("period=2023", "period=x", "", "period=2023&due=sent", "period=2023&unit=x"):
        await client.ask(f"GET /v1/reports/766?{query}")
    await client.ask("GET /v1/reports/766?period=2023&unit=H57.2&role=received_by")
    for column in ("progress.resolved.below", "rule.unsynced", "", "rule.none"):
        await client.ask(f"GET /v1/reports/766/facts?period=2023&column={column}")
    await client.ask_each(
        "/v1/findings?period=2023-05 /v1/findings?period=2023&unit=H57.1 /v1/findings?period=x"
        " /v1/findings?offset=-1 /v1/findings?unit=x /v1/findings?due=sent"
        " /v1/findings?contract=fee /v1/findings?period=2023&contract=payment"
        " /v1/findings?contract=reading /v1/findings?contract="
    )
    for key in ("payer", "unit", "nobody"):
        await client.ask_each("/v1/findings?contract=payment /v1/findings?contract=fee", key=key)
    await client.ask_each(
        "/v1/reports /v1/reports/06c /v1/reports/06c/facts?column=c1 /v1/reports/06a/facts"
    )
    for key in ("payer", "unit", "nobody", "officer"):
        await client.ask("GET /v1/reports/06a?period=2023", key)
        await client.ask("GET /v1/reports/06a/facts?period=2023&column=c1", key)


async def ask_for_the_stream(client: Client) -> None:
    """Follow figures, for a bounded time."""
    first = await client.ask("GET /v1/stream?limit=1")
    for period in ("", *PERIODS, *NO_PERIODS, "odd&period=2023"):
        await client.ask(f"GET /v1/stream?limit=1&period={period}")
    for limit in LIMITS:
        await client.ask(f"GET /v1/stream?period=2023&limit={limit}")
    for seconds in ("10", "1e1", "1_0", "%2B5", "", "86400"):
        await client.ask(f"GET /v1/stream?period=2023&limit=1&seconds={seconds}")
    for name in ("limit", "seconds"):
        for number in NO_NUMBERS:
            await client.ask(f"GET /v1/stream?{name}={number.replace('NAME', name)}")
    for query in (
        "seconds=86401",
        "limit=x&seconds=x",
        "seconds=x&limit=x&period=x",
        "limit=1&x=1",
    ):
        await client.ask(f"GET /v1/stream?{query}")
    cut = first.text.partition("id: ")[2].split()[0]
    await client.ask(
        "GET /v1/stream?period=2026&limit=1&seconds=0.01", headers={"Last-Event-ID": cut}
    )
    await client.ask("GET /v1/stream?period=2026&limit=1", headers={"Last-Event-ID": "other"})


async def ask_for_sources_and_periods(client: Client) -> None:
    """Ask for sources, what is behind their qualities, and closed periods."""
    await client.ask_each("/v1/sources /v1/periods /v1/periods?x=1 /v1/periods? /v1/periods?=")
    for path, name in (("/v1/sources", "period"), ("/v1/sources", "received")):
        for period in ("", *PERIODS, *NO_PERIODS, f"odd&{name}=2023"):
            await client.ask(f"GET {path}?{name}={period}")
    for query in (
        *UNKNOWN,
        "received=odd&period=odder",
        "x=1&period=odd",
        "period=2023&received=2022",
    ):
        await client.ask(f"GET /v1/sources?{query}")
    for quality in ("valid", "complete", "clean", "live", "odd", "VALID"):
        await client.ask(f"GET /v1/sources/one_stop/{quality}?period=2023")
    for period in ("", *PERIODS, *NO_PERIODS):
        await client.ask(f"GET /v1/sources/one_stop/valid?period={period}")
    for offset in ("", *OFFSETS):
        await client.ask(f"GET /v1/sources/one_stop/valid?offset={offset}")
    for query in (
        *UNKNOWN,
        "offset=-1&period=odd",
        "offset=-1&x=1",
        "period=odd&x=1",
        "received=2023",
    ):
        await client.ask(f"GET /v1/sources/one_stop/valid?{query}")
    await client.ask_each("/v1/sources/nobody/valid /v1/sources/nobody/odd?x=1 /v1/sources/nobody")
    for period in (*PERIODS, *NO_PERIODS):
        await client.ask(f"GET /v1/periods/{period}/restatements")
    await client.ask_each("/v1/periods/odd/restatements?x=1 /v1/periods/2023-05/restatements?x=1")
    await client.ask_each("/v1/periods/2023-05 /v1/periods/2023-05/restatements?as_of=now")


async def ask_for_systems(client: Client) -> None:
    """Ask for the catalogue of systems, in each form and by each kind of key."""
    await client.ask_each("/v1/systems /v1/systems?period=2023 /v1/systems?period=odd")
    await client.ask_each("/v1/systems?format=csv /v1/systems?format=odd /v1/systems?x=1")
    for key in ("officer", "one_stop", "unit"):
        await client.ask("GET /v1/systems", key)


async def ask_for_alerts(client: Client) -> None:
    """Ask for alerts, what became of one, and say what there is to say of it."""
    listed = await client.ask("GET /v1/alerts?rule=duty_silent")
    alert = listed.json()["alerts"][0]["id"]
    await client.ask_each(f"/v1/alerts /v1/alerts/rules /v1/alerts/{alert} /v1/alerts/none")
    for told in ("", "?alert=none", "?offset=-1", "?recipient=An"):
        await client.ask(f"GET /v1/deliveries{told}")
    for asked in ("", "?state=refused&format=csv", "?state=odd", "?offset=-1", "?of=x"):
        await client.ask(f"GET /v1/exchanges{asked}")
    await client.ask("GET /v1/report-runs")
    await client.ask("GET /v1/report-runs?offset=1")
    for query in (
        *UNKNOWN,
        "state=open",
        "status=cleared&level=warning",
        "state=odd",
        "level=odd",
        "period=2023&subject=ST01",
        "period=odd",
        "since=2025-01-01T00:00:00Z",
        "since=now",
        "at=2023-06-01T00:00:00Z",
        "at=2023-06-01T00:00:00Z&rules=now",
        "as_of=2999-01-01T00:00:00Z",
        "rules=odd",
        "offset=-1",
    ):
        await client.ask(f"GET /v1/alerts?{query}")
    said = {"comment": "xem lúc 8 giờ"}
    for key in ("", "one_stop", "officer"):
        await client.post(f"/v1/alerts/{alert}/comment", said, key)
        await client.post(f"/v1/alerts/{alert}/acknowledge", {}, key)
    await client.post(f"/v1/alerts/{alert}/comment", {}, "officer")
    await client.post(f"/v1/alerts/{alert}/acknowledge", {"odd": 1}, "officer")
    await client.post("/v1/alerts/none/acknowledge", {}, "officer")


async def ask_for_receipts(client: Client, receipt: str) -> None:
    """Follow a receipt, and take its errors."""
    for offset in ("", *OFFSETS):
        await client.ask(f"GET /v1/receipts/{receipt}?offset={offset}")
    for query in (*UNKNOWN, "offset=-1&x=1", "x=1&offset=-1"):
        await client.ask(f"GET /v1/receipts/{receipt}?{query}")
    await client.ask_each(
        f"""
        /v1/receipts/{receipt} /v1/receipts/{receipt}/errors.csv
        /v1/receipts/{receipt}/errors.csv?x=1 /v1/receipts/none /v1/receipts/none?x=1
        /v1/receipts/none?offset=-1 /v1/receipts/none/errors.csv /v1/receipts/
        /.well-known/jwks.json /.well-known/jwks.json?x=1
        """
    )
    await client.ask(f"GET /v1/receipts/{receipt}", key="nobody")
