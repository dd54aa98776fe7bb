import base64
import hashlib
import hmac
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from boxwood.lib import signing
from boxwood.lib.signing import BadSecret

NOW = 1_800_000_000
BODY = b'{"type":"box.moved"}'
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()

ids = st.from_regex(r"[!-\-/-~]{1,60}", fullmatch=True)
keys = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
anything = st.text(st.characters(), max_size=120)  # lone surrogates too: headers are not always text


# What we send


def test_a_signature_is_the_one_the_standard_gives_as_its_example():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = signing.sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(keys, ids, st.text(st.characters(exclude_categories=["Cs"])))
def test_what_we_sign_the_reference_library_verifies(secret, message_id, text):
    body, now = text.encode(), int(datetime.now(UTC).timestamp())
    headers = signing.sign([secret], message_id, now, body)
    standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False)


@given(keys, ids, st.text(st.characters(exclude_categories=["Cs"])))
def test_what_the_reference_library_signs_we_verify(secret, message_id, text):
    signature = standardwebhooks.Webhook(secret).sign(message_id, datetime.fromtimestamp(NOW, UTC), text)
    headers = {"Webhook-Id": message_id, "Webhook-Timestamp": str(NOW), "Webhook-Signature": signature}
    assert signing.verify([secret], headers, text.encode(), NOW)


def test_while_rotating_either_secret_verifies():
    headers = signing.sign([SECRET, OTHER], "msg_1", NOW, BODY)
    assert headers["webhook-signature"].count("v1,") == 2
    assert signing.verify([SECRET], headers, BODY, NOW)
    assert signing.verify([OTHER], headers, BODY, NOW)
    assert not signing.verify([signing.new_secret()], headers, BODY, NOW)


def test_new_secrets_differ_and_are_of_the_length_asked_for():
    made = {signing.new_secret() for _ in range(100)}
    assert len(made) == 100
    for size in (24, 64):
        secret = signing.new_secret(size)
        signing.check_signing_secret(secret)
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == size


@pytest.mark.parametrize("message_id", ["", "a.b", ".", "a b", "a\r\nb", "ü", "a\n", "x" * 300])
def test_an_id_that_could_be_taken_for_more_than_an_id_is_not_signed(message_id):
    with pytest.raises(ValueError, match="visible ASCII"):
        signing.sign([SECRET], message_id, NOW, BODY)
    headers = {**signing.sign([SECRET], "msg_1", NOW, BODY), "webhook-id": message_id}
    assert not signing.verify([SECRET], headers, BODY, NOW)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_!",
        "whsec_MfKQ",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        SECRET.removeprefix("whsec_"),
        SECRET + "\n",
        "whsec_ü",
        "whsec_\ud800",
        "whsk_" + base64.b64encode(bytes(31)).decode(),
        "whsk_not base64",
        "whpk_" + base64.b64encode(bytes(31)).decode(),
    ],
)
def test_an_unfit_secret_is_refused_when_saved_and_not_repeated(secret):
    for check in (signing.check_signing_secret, signing.check_verifying_secret):
        with pytest.raises(BadSecret) as refusal:
            check(secret)
        assert len(secret) < 8 or secret not in str(refusal.value)
    with pytest.raises(BadSecret):
        signing.sign([secret], "msg_1", NOW, BODY)
    assert not signing.verify([secret], signing.sign([SECRET], "msg_1", NOW, BODY), BODY, NOW)


def test_a_secret_without_its_padding_is_still_that_secret():
    short = "whsec_" + base64.b64encode(bytes(32)).decode().rstrip("=")
    padded = short + "="
    assert signing.sign([short], "msg_1", NOW, BODY) == signing.sign([padded], "msg_1", NOW, BODY)


# What we are sent


@pytest.mark.parametrize(("late", "accepted"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_signatures_are_good_for_five_minutes_to_either_side(late, accepted):
    headers = signing.sign([SECRET], "msg_1", NOW, BODY)
    assert signing.verify([SECRET], headers, BODY, NOW + late) is accepted
    stripe = f"t={NOW},v1={hex_of('secret', f'{NOW}.'.encode() + BODY)}"
    assert signing.verify_stripe("secret", stripe, BODY, NOW + late) is accepted


@given(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), anything)
def test_any_other_header_value_is_not_signed(name, value):
    headers = signing.sign([SECRET], "msg_1", NOW, BODY)
    changed = {**headers, name: value}
    same = headers["webhook-signature"] in value.split(" ")[: signing.MOST_SIGNATURES]
    assert signing.verify([SECRET, OTHER], changed, BODY, NOW) is (changed == headers or same)


@given(st.binary(max_size=60), st.dictionaries(anything, anything, max_size=4))
def test_anything_at_all_is_answered_with_no(body, headers):
    assert not signing.verify([SECRET], headers, body, NOW)
    assert not signing.verify([], signing.sign([SECRET], "msg_1", NOW, body), body, NOW)


@given(st.binary(), st.binary())
def test_a_signature_is_good_for_its_body_alone(signed, sent):
    headers = signing.sign([SECRET], "msg_1", NOW, signed)
    assert signing.verify([SECRET], headers, sent, NOW) is (signed == sent)


@pytest.mark.parametrize(
    "timestamp",
    [f" {NOW}", f"+{NOW}", f"{NOW}.0", f"{NOW}e0", "nan", "inf", "", "-1", f"0x{NOW:x}", "9" * 5000, "१८"],
)
def test_a_timestamp_is_plain_digits(timestamp):
    signature = (
        "v1,"
        + base64.b64encode(hmac.digest(bytes(range(32)), f"msg_1.{timestamp}.".encode() + BODY, "sha256")).decode()
    )
    headers = {"webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature}
    assert not signing.verify([SECRET], headers, BODY, NOW)


def test_a_good_signature_counts_only_among_the_first_few():
    headers = signing.sign([SECRET], "msg_1", NOW, BODY)
    good = headers["webhook-signature"]
    for before, accepted in ((signing.MOST_SIGNATURES - 1, True), (signing.MOST_SIGNATURES, False)):
        headers["webhook-signature"] = "v1,no " * before + good
        assert signing.verify([SECRET], headers, BODY, NOW) is accepted


# ed25519


def test_v1a_is_verified_with_the_public_key_alone():
    private = signing.new_private_key()
    public = signing.public_key(private)
    signing.check_signing_secret(private)
    signing.check_verifying_secret(public)
    headers = signing.sign([private, SECRET], "msg_1", NOW, BODY)
    assert headers["webhook-signature"].startswith("v1a,")
    assert signing.verify([public], headers, BODY, NOW)
    assert signing.verify([SECRET], headers, BODY, NOW)
    assert not signing.verify([public], headers, BODY + b" ", NOW)
    assert not signing.verify([signing.public_key(signing.new_private_key())], headers, BODY, NOW)
    relabelled = {**headers, "webhook-signature": headers["webhook-signature"].replace("v1a,", "v1,")}
    assert not signing.verify([public], relabelled, BODY, NOW)


def test_v1a_is_the_ed25519_of_rfc_8032():
    """Test 1 of the RFC gives the pair; the signature is checked by the key made of its public half."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    private = "whsk_" + base64.b64encode(seed).decode()
    assert signing.public_key(private) == "whpk_" + base64.b64encode(bytes.fromhex(public)).decode()


@given(anything)
def test_any_other_v1a_signature_is_not_one(signature):
    headers = signing.sign([SECRET], "msg_1", NOW, BODY)
    headers["webhook-signature"] = "v1a," + signature
    assert not signing.verify([PUBLIC], headers, BODY, NOW)


PUBLIC = signing.public_key(signing.new_private_key())


def test_nothing_of_ed25519_is_loaded_until_it_is_used():
    code = "import boxwood.lib.signing, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_package_ed25519_keys_are_refused_with_a_hint():
    code = (
        "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
        "from boxwood.lib import signing\n"
        "try: signing.check_signing_secret(signing.new_private_key())\n"
        "except signing.BadSecret as refusal: print(refusal)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "boxwood[ed25519]" in said


# Other senders' ways


def hex_of(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_github_signatures_are_those_of_githubs_own_example():
    given_there = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signing.verify_github("It's a Secret to Everybody", given_there, b"Hello, World!")
    assert not signing.verify_github("It's a secret to everybody", given_there, b"Hello, World!")
    assert not signing.verify_github("It's a Secret to Everybody", given_there, b"Hello, World")


@pytest.mark.parametrize("change", [str.upper, lambda s: s.removeprefix("sha256="), lambda s: s + "\n", lambda s: ""])
def test_a_github_signature_is_written_one_way(change):
    signature = "sha256=" + hex_of("secret", BODY)
    assert signing.verify_github("secret", signature, BODY)
    assert not signing.verify_github("secret", change(signature), BODY)


def test_stripe_signatures_may_be_several_and_of_other_kinds_too():
    good = hex_of("whsec_x", f"{NOW}.".encode() + BODY)
    for shown in (f"t={NOW},v1={good}", f"t={NOW}, v1=0, v1={good}, v0=1", f"v1={good},t={NOW}"):
        assert signing.verify_stripe("whsec_x", shown, BODY, NOW)
    for shown in (
        f"t={NOW},v0={good}",
        f"t={NOW}",
        f"v1={good}",
        f"t={NOW},t={NOW},v1={good}",
        f"t={NOW}0,v1={good}",
        f"t=x,v1={good}",
        "",
        ",,,=",
    ):
        assert not signing.verify_stripe("whsec_x", shown, BODY, NOW)


def test_a_shared_secret_is_compared_whole():
    assert signing.verify_shared("schlüssel", "schlüssel")
    for shown in ("schlusse", "schlüssel ", "", "SCHLÜSSEL"):
        assert not signing.verify_shared("schlüssel", shown)


def test_an_empty_secret_verifies_nothing():
    assert not signing.verify_github("", "sha256=" + hex_of("", BODY), BODY)
    assert not signing.verify_stripe("", f"t={NOW},v1={hex_of('', f'{NOW}.'.encode() + BODY)}", BODY, NOW)
    assert not signing.verify_shared("", "")


@given(anything, anything, st.binary(max_size=60))
def test_no_sender_gets_more_than_a_no_for_anything_else(secret, shown, body):
    assert not signing.verify_github(secret, shown, body)
    assert not signing.verify_stripe(secret, shown, body, NOW)
    assert signing.verify_shared(secret, shown) is (secret == shown != "")
