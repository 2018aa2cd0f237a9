"""The log of requests holds what the server knows, not what somebody typed."""

from structlog.testing import capture_logs

from tests.service.conftest import Phone


def test_a_path_is_logged_as_its_route(phone: Phone) -> None:
    """What stands in the place of an id may be anything, and of a path that is not ours nothing is kept."""
    with capture_logs() as lines:
        phone.get("/check-ins/I-feel-abandoned-by-Sam")
        phone.get("/I-feel-abandoned-by-Sam", params={"why": "abandoned"})

    paths = [line["path"] for line in lines if line["event"] == "request.completed"]
    assert paths == ["/v1/check-ins/{check_in_id}", "unknown"]
    assert "abandoned" not in str(lines)
