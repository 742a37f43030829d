"""Nobody but whoever has the link reads or writes, and no path of a request is one of the file system."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import scanpick as sp
from scanpick.errors import ScanpickError
from scanpick.face.viewing import View
from scanpick.review.server import TOKEN_HEADER
from scanpick.workspace import Workspace
from scanpick.workspace.reviews import read_review


@pytest.fixture(scope="module")
def page(project: Workspace) -> Iterator[View]:
    with sp.view(project, port=0) as page:
        yield page


def ask(
    page: View, path: str, body: Any = None, *, token: bool = True, method: str | None = None, **headers: str
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", page.server.server_port, timeout=60)
    sent = {"Host": f"127.0.0.1:{page.server.server_port}"} | ({TOKEN_HEADER: page.server.token} if token else {})
    sent |= {} if body is None else {"Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method or ("GET" if body is None else "POST"), path, content, sent)
    answer = connection.getresponse()
    read = answer.read()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    return answer.status, json.loads(read) if answer.headers["Content-Type"].startswith("application/json") else read


def test_the_link_alone_opens_data(page: View) -> None:
    assert page.url.startswith("http://127.0.0.1:")
    assert page.url.endswith(f"#token={page.server.token}")
    assert ask(page, "/api/project")[0] == 200
    assert ask(page, "/api/project", token=False)[0] == 403
    assert ask(page, "/api/project", X_Scanpick_Token="x" * 32)[0] == 403
    assert ask(page, f"/api/project?token={page.server.token}", token=False)[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1.evil.example:80", ""])
def test_other_hosts_are_refused(page: View, host: str) -> None:
    assert ask(page, "/api/project", Host=host)[0] == 403
    assert ask(page, "/", Host=host)[0] == 403


def test_other_origins_are_refused(page: View) -> None:
    own = f"http://127.0.0.1:{page.server.server_port}"
    assert ask(page, "/api/project", Origin=own)[0] == 200
    for origin in ("http://evil.example", "null", "https" + own[4:]):
        assert ask(page, "/api/project", Origin=origin)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/../server.py",
        "/server.py",
        "/page/app.js",
        "//etc/passwd",
        "/api/image?row=0&camera=../../etc/passwd",
        "/api/image?row=0&camera=0",
        "/api/selection?name=../scanpick",
        "/api/decisions?selection=../../x",
        "/api/map?method=pca&embedding=../..",
        "/api/cloud?row=-1",
        "/api/cloud?row=9999999",
        "/api/column?name=path",
        "/api/boxes?row=0&predictions=..%2Fscanpick.toml",
    ],
)
def test_no_path_reaches_a_file(page: View, path: str) -> None:
    status, answer = ask(page, path)
    assert status in (400, 404)
    assert b"root:" not in json.dumps(answer).encode()


def test_what_is_no_request_is_refused(page: View) -> None:
    assert ask(page, "/api/decide", b"[1]")[0] == 400
    assert ask(page, "/api/decide", b"{")[0] == 400
    assert ask(page, "/api/decide", b"{}", Content_Type="text/plain")[0] == 400
    assert ask(page, "/api/decide", b"", Content_Length="9999999999")[0] == 400
    assert ask(page, "/api/decide", {"selection": "diversity-1", "rows": [10**9], "decision": "pin"})[0] == 400
    assert ask(page, "/", {})[0] == 404
    assert ask(page, "/api/decide")[0] == 404


def test_frames_that_changed_since_the_page_was_opened_are_not_decided_about(page: View, project: Workspace) -> None:
    asked = {"selection": "other", "rows": [16], "seen": [], "decision": "pin"}
    status, answer = ask(page, "/api/decide", {**asked, "data": "another"})
    assert (status, "reload" in json.dumps(answer)) == (400, True)
    data = ask(page, "/api/project")[1]["data"]
    assert ask(page, "/api/decide", {**asked, "data": data})[0] == 200


def test_the_nearest_frames_are_those_of_a_plain_search(page: View, project: Workspace) -> None:
    table = project.embedding("statistics")
    far = np.linalg.norm(table.values.astype(np.float64) - table.values[3], axis=1)
    found = ask(page, "/api/nearest?row=3&embedding=statistics")[1]["nearest"]
    assert [one["frame_id"] for one in found] == [table.frame_ids[one] for one in np.argsort(far, kind="stable")[1:13]]
    assert [one["distance"] for one in found] == pytest.approx(np.sort(far)[1:13])


def test_a_seed_that_is_no_number_is_a_sentence(page: View) -> None:
    status, answer = ask(page, "/api/select", {"strategy": "random", "budget": "2", "seed": "abc"})
    assert (status, "whole number" in json.dumps(answer)) == (400, True)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
def test_an_address_of_all_is_refused(project: Workspace, host: str) -> None:
    with pytest.raises(ScanpickError, match="Name the address"):
        sp.view(project, host=host, port=0)


def test_two_people_do_not_overwrite_each_other(page: View, project: Workspace) -> None:
    asked = {"selection": "other", "rows": [15], "seen": []}
    status, answer = ask(page, "/api/decide", {**asked, "decision": "reject", "reason": "still"})
    assert status == 200
    assert answer["command"].endswith("--decision reject --reason still --frame calm/003")
    status, answer = ask(page, "/api/decide", {**asked, "decision": "accept"})
    assert status == 409
    seen = [one for one in answer["state"]["decisions"] if one["row"] == 15]
    assert [one["decision"] for one in seen] == ["reject"]
    status, _ = ask(page, "/api/decide", {**asked, "decision": "accept", "seen": seen})
    assert status == 200
    assert read_review(project, "other")["calm/003"].decision == "accept"
