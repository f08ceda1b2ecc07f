"""What refuses a parameter that stands more than once: one of its values would be ignored."""

from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from hub.figures.compute import QuestionError
from hub.http.problems import problem_of


class Once:
    """Answers a request whose query names a parameter twice; passes all others on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        query = scope.get("query_string", b"")
        if b"&" in query:  # most have none, or one parameter
            names = [n for n, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                vi, en = (
                    f"{twice} được nêu hai lần; nêu một lần",
                    f"{twice} stands twice, say it once",
                )
                await problem_of(QuestionError(twice, vi, en)).response()(scope, receive, send)
                return
        await self._app(scope, receive, send)
