"""Keys on a real PKCS#11 token: SoftHSM 2.

A library of a token reads its settings once in a process and knows one library alone. So what only
reads the first store runs in this process, and what wants a store or a library of its own is a
process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from firmline.errors import Code
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.package import read_package, write_package
from firmline.formats.package_build import build_package
from firmline.formats.package_zip import EARLIEST, LATEST
from unit.cli.makers import GENERATE, KEY, inputs, spec
from unit.cli.program import (
    Program,
    Ran,
    assert_failed,
    environment,
    files_in,
    run_at_terminal,
    run_process,
)

pytestmark = pytest.mark.slow
MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
PIN, WRONG_PIN = "471147", "815815"
LINE = "pkcs11:token=line;object=release"
APP = ("--application", "app.hex")
VARIABLES = ("FIRMLINE_PKCS11_MODULE", "PKCS11_MODULE", "FIRMLINE_TOKEN_PIN", "SOFTHSM2_CONF")


@pytest.fixture(scope="session")
def module() -> str:
    pytest.importorskip("pkcs11", reason="the extra firmline[pkcs11] is not installed")
    found = next((str(path) for path in MODULES if path.exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM 2 is not installed: apt-get install softhsm2")
    return found


class Tokens:
    """A token store with the tokens and keys that a test wants."""

    def __init__(self, module: str, store: Path) -> None:
        self.module = module
        (store / "tokens").mkdir(parents=True, exist_ok=True)
        self._config = store / "softhsm2.conf"
        self._config.write_text(f"directories.tokendir = {store / 'tokens'}\n")
        self.store = store

    def variables(self, **more: str) -> dict[str, str]:
        clean = {name: value for name, value in environment().items() if name not in VARIABLES}
        return {**clean, "SOFTHSM2_CONF": str(self._config), **more}

    def add_token(self, label: str = "line") -> None:
        self._run("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "12345678")

    def add_key(self, key: Any = None, *, label: str = "release", identifier: str = "a1") -> None:
        pem = (key or _crypto_key(KEY)).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file = self.store / "import.pem"
        file.write_bytes(pem)
        words = ("--label", label, "--id", identifier, "--token", "line", "--pin", PIN)
        self._run("--import", str(file), *words)

    def _run(self, *words: str) -> None:
        command = ["softhsm2-util", "--module", self.module, *words]
        subprocess.run(command, env=self.variables(), check=True, capture_output=True)


def _crypto_key(key: SigningKey) -> Any:
    return serialization.load_pem_private_key(key.format_pem(), None)


@pytest.fixture(scope="session")
def first_store(module: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one token and one key, made once."""
    store = tmp_path_factory.mktemp("first")
    made = Tokens(module, store)
    made.add_token()
    made.add_key()
    return store


@pytest.fixture
def tokens(module: str, first_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """A copy of that store, for one test alone."""
    store = tmp_path_factory.mktemp("store")
    shutil.copytree(first_store, store, dirs_exist_ok=True)
    return Tokens(module, store)


Generate = Callable[..., Ran]


def command_for(uri: str, *more: str, words: tuple[str, ...] = APP) -> tuple[str, ...]:
    """The words that make ``dfu.zip`` with the key of this URI."""
    return (*GENERATE, *words, "--key-file", uri, *more, "dfu.zip")


def silent(ran: Ran, folder: Path) -> Ran:
    """What was said never holds a PIN, and no half-written file is left."""
    assert PIN not in ran.out + ran.err
    assert WRONG_PIN not in ran.out + ran.err
    assert not list(folder.glob(".firmline*"))
    return ran


@pytest.fixture
def here(
    module: str, first_store: Path, firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> Program:
    """The program in this process, with the first store and its PIN."""
    known = {"FIRMLINE_PKCS11_MODULE": module, "FIRMLINE_TOKEN_PIN": PIN}
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in Tokens(module, first_store).variables(**known).items():
        if name in VARIABLES:
            monkeypatch.setenv(name, value)
    return firmline


@pytest.fixture
def generate(here: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generate:
    """Makes ``dfu.zip`` in this process; a variable that is empty is not set."""
    inputs(folder)

    def run(uri: str, *more: str, words: tuple[str, ...] = APP, **variables: str) -> Ran:
        with monkeypatch.context() as changed:
            for name, value in variables.items():
                if value:
                    changed.setenv(name, value)
                else:
                    changed.delenv(name)
            return silent(here(*command_for(uri, *more, words=words)), folder)

    return run


@pytest.fixture
def generate_apart(tokens: Tokens, folder: Path) -> Generate:
    """The same in a process of its own, with a store of its own."""
    inputs(folder)

    def run(uri: str, *more: str, words: tuple[str, ...] = APP, **variables: str) -> Ran:
        known = {"FIRMLINE_PKCS11_MODULE": tokens.module, "FIRMLINE_TOKEN_PIN": PIN, **variables}
        env = tokens.variables(**{name: value for name, value in known.items() if value})
        return silent(
            run_process(*command_for(uri, *more, words=words), cwd=folder, env=env), folder
        )

    return run


def verified(folder: Path, key: PublicKey = KEY.public_key) -> bool:
    """Whether every signature in ``dfu.zip`` is this key's; there must be one."""
    images = read_package((folder / "dfu.zip").read_bytes(), name="dfu.zip").images
    return all(
        key.verify(image.init_packet.signed_bytes, image.init_packet.signature or b"")
        and all(
            key.verify(image.firmware[: image.sd_size or None], entry.data)
            for entry in image.init_packet.command.boot_validations
            if entry.data
        )
        for image in images
    )


def test_a_token_signs_a_package(generate: Generate, folder: Path) -> None:
    ran = generate(LINE)
    assert (ran.code, ran.err) == (0, "")
    assert verified(folder)


def test_a_token_signs_boot_validations_too(generate: Generate, folder: Path) -> None:
    ecdsa = "VALIDATE_ECDSA_P256_SHA256"
    checks = ("--app-boot-validation", ecdsa, "--sd-boot-validation", ecdsa)
    words = (*APP, "--softdevice", "sd.hex", "--sd-id", "0x101", *checks)
    assert generate(LINE, words=words).code == 0
    assert verified(folder)
    images = read_package((folder / "dfu.zip").read_bytes(), name="p").images
    assert [len(image.init_packet.command.boot_validations[0].data) for image in images] == [64, 64]


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=line",
        "pkcs11:object=release;type=private",
        "pkcs11:id=%a1",
        "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project",
    ],
)
def test_a_uri_says_as_much_as_is_needed(uri: str, generate: Generate, folder: Path) -> None:
    assert generate(uri).code == 0
    assert verified(folder)


def test_the_module_may_stand_in_the_uri(
    generate_apart: Generate, folder: Path, tokens: Tokens
) -> None:
    uri = f"{LINE}?module-path=/{tokens.module}"  # two slashes are one in a path, and no harm here
    assert generate_apart(uri, FIRMLINE_PKCS11_MODULE="", PKCS11_MODULE="/none.so").code == 0
    assert verified(folder)


def test_the_module_may_stand_in_the_common_variable(
    generate_apart: Generate, tokens: Tokens
) -> None:
    assert generate_apart(LINE, FIRMLINE_PKCS11_MODULE="", PKCS11_MODULE=tokens.module).code == 0


@pytest.mark.parametrize("form", ["pin", "file:pin", "file://{}", "{}"])
def test_the_pin_may_stand_in_a_file(form: str, generate: Generate, folder: Path) -> None:
    (folder / "pin").write_text(f"{PIN}\nsecond line\n")
    source = form.format(folder / "pin")
    assert generate(f"{LINE}?pin-source={source}", FIRMLINE_TOKEN_PIN="").code == 0


def test_a_pin_in_the_uri_is_used_and_warned_about(generate: Generate) -> None:
    ran = generate(f"{LINE}?pin-value={PIN}", FIRMLINE_TOKEN_PIN="")
    assert ran.code == 0
    assert ran.err.startswith("warning: the PIN stands in the command line")


def test_a_person_is_asked_for_the_pin(tokens: Tokens, folder: Path) -> None:
    inputs(folder)
    seen = run_at_terminal(
        *(*GENERATE, *APP, "--key-file", LINE, "dfu.zip"),
        cwd=folder,
        answers=[("PIN of the token line", f"{PIN}\n")],
        env=tokens.variables(FIRMLINE_PKCS11_MODULE=tokens.module),
    )
    assert seen.code == 0
    assert PIN not in seen.text
    assert verified(folder)


def test_the_public_half_is_shown(here: Program) -> None:
    ran = here("keys", "display", "--key", "pk", "--format", "hex", LINE)
    assert (ran.code, ran.out.strip()) == (0, KEY.public_key.le_bytes.hex())


def test_the_secret_half_is_not_shown_nor_made(here: Program, folder: Path) -> None:
    for words in (("display", "--key", "sk", "--format", "hex"), ("generate",)):
        ran = here("keys", *words, LINE)
        assert_failed(ran, Code.OPTION_CONFLICT)
    assert files_in(folder) == set()


def test_the_public_half_is_read_without_the_pin(tokens: Tokens, folder: Path) -> None:
    """A wrong PIN would be counted; it is not even tried."""
    for pin in ("", WRONG_PIN):
        assert shown_public_key(tokens, folder, LINE, pin=pin) == KEY.public_key


def test_the_right_public_half_of_several_needs_the_pin(tokens: Tokens, folder: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    tokens.add_key(other, label="other", identifier="b2")
    assert shown_public_key(tokens, folder, LINE) == KEY.public_key
    assert shown_public_key(tokens, folder, "pkcs11:id=%a1") == KEY.public_key
    ran = display_public_key(tokens, folder, "pkcs11:")
    assert_failed(ran, Code.PKCS11_PIN)
    ran = display_public_key(tokens, folder, "pkcs11:", pin=PIN)
    assert_failed(ran, Code.PKCS11_AMBIGUOUS)


def test_a_public_half_in_a_file_needs_no_token(tokens: Tokens, folder: Path) -> None:
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    uri = "pkcs11:token=absent?x-public-key=public.pem"
    assert shown_public_key(tokens, folder, uri) == KEY.public_key


def display_public_key(tokens: Tokens, folder: Path, uri: str, *, pin: str = "") -> Ran:
    more = {"FIRMLINE_TOKEN_PIN": pin} if pin else {}
    env = tokens.variables(FIRMLINE_PKCS11_MODULE=tokens.module, **more)
    words = ("keys", "display", "--key", "pk", "--format", "hex", uri)
    return run_process(*words, cwd=folder, env=env)


def shown_public_key(tokens: Tokens, folder: Path, uri: str, *, pin: str = "") -> PublicKey:
    ran = display_public_key(tokens, folder, uri, pin=pin)
    assert (ran.code, ran.err) == (0, "")
    return PublicKey.from_le_bytes(bytes.fromhex(ran.out))


EVERY_LENGTH = """
import sys
from firmline.cli.main import run

for scheme in ("pkcs11", "PKCS11"):
    for size in range(100, 221):
        begin = f"{scheme}:token=line;object=release?module-path={sys.argv[1]}"
        pin = "&pin-value=" + sys.argv[2]
        room = size - len(begin) - len(pin)
        for behind in {0, min(room, 52 + size % 20), room}:
            uri = begin + "&" * (room - behind) + pin + "&" * behind
            assert len(uri) == size
            code = run(["pkg", "display", "--key", uri, "dfu.zip"])
            assert code == int(sys.argv[3]), code
"""


@pytest.mark.parametrize(("key", "code"), [(KEY, 0), (SigningKey.generate(), 5)])
def test_the_pin_is_in_no_output_however_long_the_uri_is(
    key: SigningKey, code: int, tokens: Tokens, folder: Path
) -> None:
    """What is too long for a message is cut, and the cut may fall anywhere."""
    (folder / "dfu.zip").write_bytes(write_package(build_package(replace(spec(), signing_key=key))))
    words = ("-c", EVERY_LENGTH, tokens.module, PIN, str(code))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=tokens.variables(),
        capture_output=True,
        check=True,
        text=True,
    )
    assert (done.stdout + done.stderr).count("with the key in") > 121 * 2 * 2
    assert PIN not in done.stdout + done.stderr


def test_the_pin_file_is_not_written_over(generate: Generate, folder: Path) -> None:
    (folder / "dfu.zip").write_text(f"{PIN}\n")
    ran = generate(f"{LINE}?pin-source=dfu.zip", FIRMLINE_TOKEN_PIN="")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert (folder / "dfu.zip").read_text() == f"{PIN}\n"


# The public half of a key that stands alone on its token.


CHANGE = """
import sys, pkcs11
from pkcs11 import Attribute, ObjectClass

module, pin, certificate = sys.argv[1:]
token = pkcs11.lib(module).get_token(token_label="line")
with token.open(rw=True, user_pin=pin) as session:
    for found in session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY}):
        found.destroy()
    if certificate:
        attributes = pkcs11.util.x509.decode_x509_certificate(bytes.fromhex(certificate))
        session.create_object({**attributes, Attribute.TOKEN: True, Attribute.ID: bytes([0xA1])})
"""
"""In a process of its own: a module reads its configuration once."""


def drop_public_key(tokens: Tokens, *, certificate: bytes = b"") -> None:
    """Take the public key from the token, and put a certificate in its place."""
    words = ("-c", CHANGE, tokens.module, PIN, certificate.hex())
    subprocess.run([sys.executable, *words], env=tokens.variables(), check=True)


def test_a_public_key_that_is_nowhere_is_told(
    generate_apart: Generate, tokens: Tokens, folder: Path
) -> None:
    drop_public_key(tokens)
    ran = generate_apart(LINE)
    assert_failed(ran, Code.PKCS11_FAILED)
    assert "x-public-key" in ran.err
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    assert generate_apart(f"{LINE}?x-public-key=public.pem").code == 0
    assert verified(folder)


def test_a_signature_of_another_key_is_not_used(
    generate_apart: Generate, tokens: Tokens, folder: Path
) -> None:
    drop_public_key(tokens)
    (folder / "public.pem").write_bytes(SigningKey.generate().public_key.format_pem())
    ran = generate_apart(f"{LINE}?x-public-key=public.pem")
    assert_failed(ran, Code.PKCS11_FAILED)
    assert "does not belong to the public key" in ran.err
    assert not (folder / "dfu.zip").exists()


def test_a_certificate_holds_the_public_key(
    generate_apart: Generate, tokens: Tokens, folder: Path
) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "line")])
    key = _crypto_key(KEY)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, EARLIEST, LATEST)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )

    drop_public_key(tokens, certificate=certificate)
    assert generate_apart(LINE).code == 0
    assert verified(folder)


STRICT = """
import sys, pkcs11
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

token = pkcs11.lib(sys.argv[1]).get_token(token_label="line")
curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
with token.open(rw=True, user_pin=sys.argv[2]) as session:
    domain = session.create_domain_parameters(KeyType.EC, curve, local=True)
    template = {Attribute.ALWAYS_AUTHENTICATE: True}
    domain.generate_keypair(store=True, label="strict", id=bytes([3]), private_template=template)
"""


def test_a_key_may_ask_for_its_pin_each_time(
    generate_apart: Generate, tokens: Tokens, folder: Path
) -> None:
    command = [sys.executable, "-c", STRICT, tokens.module, PIN]
    subprocess.run(command, env=tokens.variables(), check=True)
    words = (*APP, "--app-boot-validation", "VALIDATE_ECDSA_P256_SHA256")
    assert generate_apart("pkcs11:object=strict", words=words).code == 0
    assert not verified(folder)
    env = tokens.variables(FIRMLINE_PKCS11_MODULE=tokens.module, FIRMLINE_TOKEN_PIN=PIN)
    show = ("keys", "display", "--key", "pk", "--format", "hex", "pkcs11:object=strict")
    shown = run_process(*show, cwd=folder, env=env).out.strip()
    assert verified(folder, PublicKey.from_le_bytes(bytes.fromhex(shown)))


REMOVED = """
import shutil, sys
from firmline.errors import InputError
from firmline.tokens.signer import open_token_signer
from firmline.tokens.uri import parse_token_uri

module, pin, store = sys.argv[1:]
signer = open_token_signer(parse_token_uri("pkcs11:"), module=module, ask_pin=lambda label: pin)
assert pin not in repr(signer)
signer.sign(b"while it is there")
shutil.rmtree(store)
try:
    signer.sign(b"when it is gone")
except InputError as error:
    print(error)
signer.close()
"""


def test_a_token_that_is_removed_is_told(tokens: Tokens) -> None:
    command = [sys.executable, "-c", REMOVED, tokens.module, PIN, str(tokens.store / "tokens")]
    done = subprocess.run(
        command, env=tokens.variables(), check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith(f"{Code.PKCS11_FAILED}: The token with the key pkcs11: was")
    assert "removed" in done.stdout


# What goes wrong: one sentence, nothing written, no PIN shown.


def refused(generate: Generate, folder: Path, code: Code, *words: str, uri: str, **env: str) -> Ran:
    before = files_in(folder)
    ran = generate(uri, **env)
    assert_failed(ran, code)
    for word in words:
        assert word in ran.err
    assert files_in(folder) == before
    return ran


def test_a_wrong_pin(generate: Generate, folder: Path) -> None:
    words = ("The PIN is not that of", "counted")
    refused(generate, folder, Code.PKCS11_PIN, *words, uri=LINE, FIRMLINE_TOKEN_PIN=WRONG_PIN)
    ran = generate(f"{LINE}?pin-value={WRONG_PIN}")
    assert_failed(Ran(code=ran.code, out="", err=ran.err.split("\n", 1)[1]), Code.PKCS11_PIN)


def test_nobody_to_ask(generate: Generate, folder: Path) -> None:
    refused(
        generate, folder, Code.PKCS11_PIN, "FIRMLINE_TOKEN_PIN", uri=LINE, FIRMLINE_TOKEN_PIN=""
    )


def test_no_pin_in_the_file(generate: Generate, folder: Path) -> None:
    (folder / "pin").write_text("\n")
    refused(generate, folder, Code.PKCS11_PIN, uri=f"{LINE}?pin-source=pin")
    refused(generate, folder, Code.FILE_MISSING, "PIN file", uri=f"{LINE}?pin-source=none")
    program = f"{LINE}?pin-source=%7Ccat%20pin"
    refused(generate, folder, Code.PKCS11_URI_MALFORMED, "not a file", uri=program)


def test_another_token_and_another_key(generate: Generate, folder: Path) -> None:
    code = Code.PKCS11_NOT_FOUND
    refused(generate, folder, code, "there are 'line' (serial", uri="pkcs11:token=other")
    refused(generate, folder, code, "there are 'release' (id=%A1)", uri="pkcs11:object=other")
    refused(generate, folder, code, "'line'", uri="pkcs11:slot-id=99999")


def test_several_keys(generate_apart: Generate, folder: Path, tokens: Tokens) -> None:
    tokens.add_key(ec.generate_private_key(ec.SECP256R1()), label="release", identifier="b2")
    words = ("2 keys are what", "id=%A1", "id=%B2")
    refused(generate_apart, folder, Code.PKCS11_AMBIGUOUS, *words, uri=LINE)
    assert generate_apart(f"{LINE};id=%a1").code == 0
    assert verified(folder)


def test_several_tokens(generate_apart: Generate, folder: Path, tokens: Tokens) -> None:
    tokens.add_token("line")
    refused(generate_apart, folder, Code.PKCS11_AMBIGUOUS, "2 tokens are what", uri=LINE)


@pytest.mark.parametrize("kind", ["P-384", "RSA"])
def test_keys_that_bootloaders_do_not_know(
    kind: str, generate_apart: Generate, folder: Path, tokens: Tokens
) -> None:
    key: object = ec.generate_private_key(ec.SECP384R1())
    if kind == "RSA":
        key = rsa.generate_private_key(65537, 2048)
    tokens.add_key(key, label="other", identifier="c3")
    uri = "pkcs11:object=other"
    refused(generate_apart, folder, Code.KEY_WRONG_CURVE, "not on P-256", uri=uri)


@pytest.mark.parametrize("name", ["none.so", "app.hex", ""])
def test_modules_that_are_none(name: str, generate_apart: Generate, folder: Path) -> None:
    module = str(folder / name) if name else ""
    refused(generate_apart, folder, Code.PKCS11_MODULE, uri=LINE, FIRMLINE_PKCS11_MODULE=module)


def test_a_uri_that_is_none_is_told_without_its_pin(generate: Generate, folder: Path) -> None:
    uri = f"pkcs11:lable=x?pin-value={PIN}"
    refused(generate, folder, Code.PKCS11_URI_MALFORMED, "'lable'", uri=uri)


def test_a_uri_in_the_wrong_place_is_told_without_its_pin(generate: Generate, folder: Path) -> None:
    before = files_in(folder)
    uri = f"{LINE}?pin-value={PIN}"
    assert_failed(generate(LINE, uri), Code.USAGE)
    assert_failed(generate(LINE, words=("--application", uri)), Code.USAGE)
    assert files_in(folder) == before


def test_without_the_extra_its_name_is_told(generate_apart: Generate, folder: Path) -> None:
    (folder / "pkcs11.py").write_text("raise ImportError\n")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    ran = generate_apart(LINE, PYTHONPATH=path)
    assert_failed(ran, Code.PKCS11_EXTRA_MISSING)
    assert "pip install 'firmline[pkcs11]'" in ran.err
