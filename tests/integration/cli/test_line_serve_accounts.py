"""A station with accounts, as its program: another address, TLS, signing in over real sockets."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integration.cli.line_world import PASSES, make_line, served
from unit.cli.program import run_process

pytestmark = pytest.mark.slow
SECRET = "correct horse battery"  # noqa: S105 - of a test
STATION = ("recipe.toml", "--on", PASSES.format(speed=50), "--db", "line.db")
TLS = ("--tls-cert", "cert.pem", "--tls-key", "key.pem")
FORM = {"name": "bert", "password": SECRET}


def make_certificate(folder: Path, *, password: bytes = b"") -> None:
    """A certificate of this computer's, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        locked = serialization.BestAvailableEncryption(password)
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, locked))


def add_bert(folder: Path, name: str = "bert") -> None:
    path = folder / "secret"
    path.touch(mode=0o600)
    path.write_text(SECRET, "utf-8")
    words = ("line", "accounts", "add", name, "--role", "operator", "--db", "line.db")
    assert run_process(*words, "--password-file", "secret", cwd=folder).code == 0


def test_a_station_with_accounts_is_reached_from_elsewhere_by_those_who_sign_in(
    folder: Path,
) -> None:
    make_line(folder)
    make_certificate(folder)
    add_bert(folder)
    trusted = ssl.create_default_context(cafile=folder / "cert.pem")
    with served(folder, *STATION, "--listen", "0.0.0.0:0", *TLS) as station:
        assert station.url.startswith("https://0.0.0.0:")
        url = station.url.replace("0.0.0.0", "localhost")  # noqa: S104 - where it listens
        with httpx.Client(base_url=url, verify=trusted) as client:
            html = {"accept": "text/html", "origin": url}
            assert client.get("/station", headers=html).headers["location"].startswith("/sign-in")
            assert client.post("/sign-in", data=FORM, headers=html).status_code == 303
            assert "bert" in client.get("/station", headers=html).text
            said = client.post("/station/say", data={"line": "SN-0001"}, headers=html)
            assert said.json()["message"] == "SN-0001 is at work."
            assert httpx.post(f"{url}/station/say", verify=trusted).status_code == 401
        code, _ = station.end(15)
    assert code == 0
    ran = run_process("line", "audit", "--db", "line.db", "--json", cwd=folder)
    assert [line["action"] for line in ran.json_lines[:-1]] == ["account.add", "session.begin"]


def test_an_account_that_is_made_while_it_serves_closes_the_door(folder: Path) -> None:
    make_line(folder)
    with served(folder, *STATION, "--listen", "127.0.0.1:0") as station:
        assert httpx.get(f"{station.url}/station").status_code == 200
        add_bert(folder)
        assert httpx.get(f"{station.url}/station").status_code == 401
        assert station.end(15)[0] == 0


def test_a_page_of_somebody_who_is_shut_out_hears_no_more(folder: Path) -> None:
    make_line(folder)
    add_bert(folder)
    add_bert(folder, "carl")
    with (
        served(folder, *STATION, "--listen", "127.0.0.1:0") as station,
        httpx.Client(base_url=station.url, headers={"origin": station.url}) as client,
    ):
        assert client.post("/sign-in", data=FORM).status_code == 303
        with client.stream("GET", "/station/events", timeout=30) as page:
            lines = page.iter_lines()
            assert page.status_code == 200
            while not next(lines).startswith("event: beat"):
                pass
            words = ("line", "accounts", "disable", "bert", "--db", "line.db")
            assert run_process(*words, cwd=folder).code == 0
            *_, last = [line for line in lines if line.startswith("data:")]  # to its end
        assert last.strip() == "data:"
        assert client.get("/station/events").status_code == 401
        assert station.end(15)[0] == 0


def test_a_program_with_a_key_asks_records_alone(folder: Path) -> None:
    add_bert(folder)
    words = ("line", "accounts", "key", "add", "mes", "--role", "operator", "--db", "line.db")
    key = run_process(*words, cwd=folder).out.strip()
    with served(folder, "--db", "line.db", "--listen", "127.0.0.1:0") as line:
        with httpx.Client(base_url=line.url) as client:
            assert client.get("/api/v1/runs").json()["code"] == "DFU-ACC-010"
            assert client.get("/healthz").json() == {"status": "ok"}
            shown = {"authorization": f"Bearer {key}"}
            assert client.get("/api/v1/runs", headers=shown).json() == {"runs": [], "after": None}
            assert "firmline_info" in client.get("/metrics", headers=shown).text
            described = client.get("/api/v1/openapi.json", headers=shown).json()
            assert described["openapi"] == "3.1.0"
            huge = client.get("/api/v1/runs", headers=shown, params={"serial": "x" * 60_000})
            assert huge.status_code == 400
            bent = {**shown, "host": "localhost/healthz?"}
            assert client.get("/api/v1/runs", headers={"host": bent["host"]}).status_code >= 400
        assert line.end(15)[0] == 0


def test_what_passes_in_the_clear_is_said(folder: Path) -> None:
    make_line(folder)
    add_bert(folder)
    with served(folder, *STATION, "--listen", "0.0.0.0:0") as station:
        station.process.terminate()
        _, err = station.process.communicate(timeout=30)
    assert "warning: passwords, keys and records pass in the clear" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--listen", "0.0.0.0:0"), "DFU-ARG-011", "there is no account"),
        (("--tls-cert", "cert.pem"), "DFU-ACC-012", "without its key"),
        (("--tls-cert", "recipe.toml", "--tls-key", "key.pem"), "DFU-ACC-012", "cannot be used"),
        (("--tls-cert", "cert.pem", "--tls-key", "nothing"), "DFU-ACC-012", "no such file"),
        (TLS, "DFU-ACC-012", "has a password"),
    ],
)
def test_what_cannot_be_served_is_said(
    folder: Path, words: tuple[str, ...], code: str, said: str
) -> None:
    make_line(folder)
    make_certificate(folder, password=b"locked")
    ran = run_process("line", "serve", *STATION, *words, cwd=folder)
    assert ran.code == 2
    assert f"[{code}]" in ran.err
    assert said in ran.err.replace("\n", " ")


def test_requests_are_told_of_as_json_on_standard_error(folder: Path) -> None:
    add_bert(folder)
    words = ("--db", "line.db", "--listen", "127.0.0.1:0", "--log-json")
    with served(folder, *words) as line:
        httpx.get(f"{line.url}/healthz?secret=1")
        httpx.get(f"{line.url}/api/v1/runs")
        line.process.terminate()
        _, err = line.process.communicate(timeout=30)
    told = [json.loads(each) for each in err.splitlines()]
    assert [(each["path"], each["status"]) for each in told] == [
        ("/healthz", 200),
        ("/api/v1/runs", 401),
    ]
