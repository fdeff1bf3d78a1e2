"""The OpenAPI description's refusals: the same on every operation, as problem+json (RFC 9457)."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "A refusal: what, why, what now, and the reference that support can find.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"description": "One sentence, or messages by field."},
        "remedy": {"type": "string"},
        "reference": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "reference"],
}
_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_PROBLEM_CONTENT = {"application/problem+json": {"schema": _PROBLEM_SCHEMA}}
_EVERYWHERE = {
    "400": "The body is not what the operation takes.",
    "401": "No session; open the lab again from the course.",
    "403": "Not yours, not your role, or still locked.",
    "404": "Not in your courses.",
}
_WITH_BODY = {
    "409": "Decided before; the stored value stands.",
    "415": "The body is not JSON.",
    "422": "A value that cannot be used, with limit and remedy.",
    "503": "Not available right now.",
}


def describe_refusals(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """Give every operation its refusals (a drf-spectacular postprocessing hook)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path in result["paths"].values():
        for method, operation in path.items():
            texts = _EVERYWHERE | (_WITH_BODY if method != "get" else {})
            described = operation["responses"]
            for status, text in texts.items():
                described.setdefault(status, {"description": text})
            for status, body in described.items():
                if status >= "400":
                    body["content"] = _own_content(body) | _PROBLEM_CONTENT
    return result


def _own_content(body: dict[str, Any]) -> dict[str, Any]:
    """Return what an operation describes beyond the common refusal (OAuth's error, say)."""
    return {
        media_type: content
        for media_type, content in body.get("content", {}).items()
        if content.get("schema") != _PROBLEM_SCHEMA
    }
