"""Long texts are read in windows."""

import pytest

from workers.tagging.encoder import windows_of


@pytest.mark.parametrize("tokens", [0, 1, 64, 381, 382, 383, 446, 500, 700, 701, 2_000])
def test_every_token_counts_in_one_window(tokens: int) -> None:
    """In its middle wherever there are two to choose from, so that no edge decides."""
    ids = list(range(tokens))
    windows = windows_of(7, ids)

    assert [token for window in windows for token in window.kept] == ids
    for window in windows:
        assert list(window.ids) == ids[window.start : window.start + len(window.ids)]
        assert window.kept.start == 0 or window.kept.start - window.start >= 32
        assert window.kept.stop == tokens or window.start + len(window.ids) - window.kept.stop >= 32
        assert len(window.ids) <= 382
