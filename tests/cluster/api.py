"""The API server as a client sees it: objects applied, dry or for good, with its warnings kept."""

import re
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx

from tests.cluster.plane import Papers

Manifest = dict[str, Any]
MANAGER = "lgsp-hub"
_WARNED = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


class RefusedError(RuntimeError):
    """The API server refuses; `status` is HTTP's, the message its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One user's way to the API server. `warnings` holds all that it has warned of so far."""

    def __init__(self, server: str, papers: Papers, user: str = "operator") -> None:
        context = ssl.create_default_context(cafile=str(papers.authority.file))
        self._http = httpx.Client(
            base_url=server,
            headers={"Authorization": f"Bearer {papers.tokens[user]}"},
            verify=context,
            timeout=60,
        )
        self.warnings: list[str] = []
        self._resources = cache(self._ask_resources)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, method: str, path: str, **more: Any) -> Manifest:
        """Send a request; raises `RefusedError` with what the server says."""
        answer = self._http.request(method, path, **more)
        for header in answer.headers.get_list("warning"):
            self.warnings += _WARNED.findall(header) or [header]
        said: Manifest = answer.json()
        if answer.is_error:
            raise RefusedError(answer.status_code, str(said.get("message", said)))
        return said

    def get(self, path: str) -> Manifest:
        """Read an object or a list."""
        return self.ask("GET", path)

    def items(self, path: str, selector: str = "") -> list[Manifest]:
        """Read the objects of a list."""
        query = {"labelSelector": selector} if selector else {}
        found: list[Manifest] = self.ask("GET", path, params=query)["items"]
        return found

    def apply(self, manifest: Manifest, *, is_dry: bool = False) -> Manifest:
        """Apply on the server's side; fields that it does not know are refused."""
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
        if is_dry:
            query["dryRun"] = "All"
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return self.ask(
            "PATCH", self.path_of(manifest), params=query, headers=headers, json=manifest
        )

    def merge(self, path: str, change: Manifest) -> Manifest:
        """Change fields of what is there."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return self.ask("PATCH", path, headers=headers, json=change)

    def delete(self, path: str) -> None:
        """Delete an object, and what it owns."""
        self.ask("DELETE", path, json={"propagationPolicy": "Background"})

    def path_of(self, manifest: Manifest) -> str:
        """Give the path of an object by its kind and name."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        plural, is_namespaced = self._resources(version)[kind]
        place = ""
        if is_namespaced:
            place = f"/namespaces/{manifest['metadata'].get('namespace', 'default')}"
        return f"{_base(version)}{place}/{plural}/{manifest['metadata']['name']}"

    def _ask_resources(self, version: str) -> dict[str, tuple[str, bool]]:
        return {
            r["kind"]: (r["name"], r["namespaced"])
            for r in self.get(_base(version))["resources"]
            if "/" not in r["name"]
        }

    def forget_resources(self) -> None:
        """Ask anew which kinds there are, after definitions of some were added."""
        self._resources.cache_clear()


def _base(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def is_ready(pod: Manifest) -> bool:
    """Whether a pod says of itself that it is ready, and is not about to go."""
    conditions = pod["status"].get("conditions", [])
    return "deletionTimestamp" not in pod["metadata"] and any(
        c["type"] == "Ready" and c["status"] == "True" for c in conditions
    )


def conditions(manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    """Give type, status and reason of each condition of an object."""
    for c in manifest.get("status", {}).get("conditions") or []:
        yield c["type"], c["status"], c.get("reason", "")
