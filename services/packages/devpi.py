"""What a devpi server says about itself and its users (its routes `/+api`, `/+login` and `/`)."""

from base64 import b64encode
from typing import Any

from mesh import Answer, Callout, Refusal

# As devpi-client has it: the header carries user and token, in the form of basic authentication.
AUTH_HEADER = "X-Devpi-Auth"
ADMINISTRATOR = "root"
# What a server of a plain kind does not need to have.
FORBIDDEN = (401, 403)


def server_info(callout: Callout) -> dict[str, Any]:
    """Version and features. Raises for what is no devpi server."""
    answer = callout.reach("/+api")
    config = answer.json if isinstance(answer.json, dict) else {}
    version = answer.headers.get("X-Devpi-Server-Version")
    if answer.status != 200 or config.get("type") != "apiconfig" or version is None:
        raise Refusal(
            422,
            "MESH_ENDPOINT_INVALID",
            f"no devpi server answers there: /+api says {answer.status}",
        )
    return {"version": version, "features": config["result"].get("features", [])}


def login(callout: Callout, user: str, password: str) -> tuple[dict[str, str], int]:
    """The headers of a login, and how many seconds it lasts. Raises for a password that is wrong."""
    answer = callout.reach("/+login", {"user": user, "password": password})
    if answer.status in FORBIDDEN:
        raise Refusal(400, "MESH_ENDPOINT_CREDENTIALS", "user or password is wrong")
    result = result_of(answer, "proxyauth")
    pair = f"{user}:{result['password']}".encode()
    return {AUTH_HEADER: b64encode(pair).decode()}, int(result["expiration"])


def user_of_token(callout: Callout) -> str:
    """Whose token goes along with `reach`. Raises for one that has ended, or is none."""
    status, *rest = result_of(callout.reach("/+api"), "apiconfig")["authstatus"]
    if status == "ok":
        return str(rest[0])
    if status == "expired":
        raise Refusal(409, "MESH_ENDPOINT_EXPIRED", "the login has ended: log in again")
    raise Refusal(400, "MESH_ENDPOINT_CREDENTIALS", "the login does not count")


def count_indexes(callout: Callout) -> int | None:
    """How many indexes there are to see; None where the server keeps that to itself."""
    answer = callout.reach("/")
    if answer.status in FORBIDDEN:
        return None
    users = result_of(answer, "list:userconfig")
    return sum(len(user.get("indexes", {})) for user in users.values())


def result_of(answer: Answer, kind: str) -> dict[str, Any]:
    said = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and said.get("type") == kind:
        return said["result"]
    raise Refusal(
        422,
        "MESH_ENDPOINT_INVALID",
        f"the devpi server answers {answer.status} where '{kind}' is expected",
    )
