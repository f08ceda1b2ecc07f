"""Mutual TLS: a key that is bound to a certificate is of no use to whoever copied it."""

import ssl
from pathlib import Path

import httpx
import pytest

from hub.settings import SettingsError, read_settings
from stream_jobs.worked import received
from tests.parts.authority import Authority
from tests.parts.waiting import until
from tests.stories.conftest import Served


def test_a_key_bound_to_a_certificate_opens_with_it_only(tmp_path: Path) -> None:
    province, stranger = Authority(tmp_path, "province"), Authority(tmp_path, "stranger")
    server, mine, other = (province.issue(n) for n in ("server", "mine", "other"))
    foreign = stranger.issue("foreign")
    hub = Served(tmp_path / "hub")
    hub.env |= {
        "HUB_TLS_CERTIFICATE": str(server[0]),
        "HUB_TLS_KEY": str(server[1]),
        "HUB_TLS_CLIENT_CA": str(province.file),
    }
    free = hub.create_key("free")
    bound = hub.create_key("bound", "--all", "--certificate", str(mine[0]))
    url = hub.url.replace("http:", "https:")

    def client(shown: tuple[Path, Path] | None) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(province.file))
        if shown is not None:
            context.load_cert_chain(str(shown[0]), str(shown[1]))
        return httpx.Client(base_url=url, verify=context, timeout=30)

    def post(key: str, shown: tuple[Path, Path] | None) -> tuple[int, str]:
        with client(shown) as http:
            headers = {"Authorization": f"Bearer {key}"}
            body = [received("A", "2023-05-02")]
            answer = http.post("/v1/events/dossier", headers=headers, json=body)
            return answer.status_code, answer.json().get("title", "")

    def is_up() -> bool:
        try:
            with client(None) as http:
                return http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    hub.launch()
    try:
        until(is_up, "it serves")
        assert post(free, None) == (202, "")
        assert post(free, mine) == (202, "")
        assert post(bound, mine) == (202, "")
        assert post(bound, None) == (403, "certificate_not_shown")
        assert post(bound, other) == (403, "certificate_not_shown")
        with pytest.raises(httpx.TransportError):
            post(free, foreign)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{hub.url}/healthz")
    finally:
        hub.stop()
    assert "certificate_not_shown" in hub.run("audit", "list").stdout


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"HUB_TLS_CERTIFICATE": "a.pem"}, "belong together"),
        ({"HUB_TLS_KEY": "a.pem"}, "belong together"),
        ({"HUB_TLS_CLIENT_CA": "a.pem"}, "needs HUB_TLS_CERTIFICATE"),
    ],
)
def test_half_of_it_is_refused(
    environment: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=words):
        read_settings()
