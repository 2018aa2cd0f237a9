"""The taxonomy, for whoever shows tags: what kinds and labels there are, and what they mean."""

from fastapi import APIRouter

from schemas.taxonomy import Taxonomy, taxonomy

router = APIRouter(prefix="/v1/taxonomy", tags=["Taxonomy"])


@router.get("", summary="Read what tags may say")
def read_taxonomy() -> Taxonomy:
    """Kinds, feeling families, needs, each with what it means. It changes with a release, never while one runs."""
    return taxonomy()
