"""What an article's page says of itself to machines: schema.org's NewsArticle, and Open Graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from newsgraph.graph.encoding import as_json

Article = Mapping[str, Any]
Meta = tuple[str, str]
"""Name and content."""


def structured(article: Article, site_name: str, address: str) -> str:
    """JSON-LD (https://schema.org/NewsArticle) that cannot end the element it stands in."""
    return as_json(_news_article(article, site_name, address)).decode().replace("<", "\\u003c")


def _news_article(article: Article, site_name: str, address: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": article["url"],
        "url": article["url"],
        "headline": article["headline"],
        "description": article["standfirst"],
        "inLanguage": article["language"],
        "articleSection": article["section"]["name"],
        "keywords": article["tags"],
        "datePublished": article["publishedAt"],
        "dateModified": article["updatedAt"],
        "timeRequired": f"PT{article['readingMinutes']}M",
        "isAccessibleForFree": True,
        "commentCount": article["commentCount"],
        "image": _image(article["leadImage"]),
        "author": [_person(one, address) for one in article["authors"]],
        "publisher": {"@type": "NewsMediaOrganization", "name": site_name, "url": f"{address}/"},
    }
    return {name: value for name, value in found.items() if value not in (None, [], "")}


def _person(author: Mapping[str, Any], address: str) -> Mapping[str, Any]:
    found = {
        "@type": "Person",
        "name": author["name"],
        "url": f"{address}/authors/{author['slug']}",
        "email": author["email"],
    }
    return {name: value for name, value in found.items() if value}


def _image(image: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if image is None:
        return None
    found = {
        "@type": "ImageObject",
        "url": image["url"],
        "width": image["width"],
        "height": image["height"],
        "caption": image["caption"],
        "creditText": image["credit"],
    }
    return {name: value for name, value in found.items() if value}


def open_graph(article: Article, site_name: str, address: str) -> list[Meta]:
    """https://ogp.me, with its article namespace."""
    return [(name, str(content)) for name, content in _properties(article, site_name, address) if content]


def _properties(article: Article, site_name: str, address: str) -> Iterator[tuple[str, Any]]:
    image = article["leadImage"] or {}
    yield "og:type", "article"
    yield "og:site_name", site_name
    yield "og:title", article["headline"]
    yield "og:description", article["standfirst"]
    yield "og:url", article["url"]
    yield "og:locale", article["language"].replace("-", "_")
    yield "og:image", image.get("url")
    yield "og:image:width", image.get("width")
    yield "og:image:height", image.get("height")
    yield "og:image:alt", image.get("alt")
    yield "article:published_time", article["publishedAt"]
    yield "article:modified_time", article["updatedAt"]
    yield "article:section", article["section"]["name"]
    for author in article["authors"]:
        yield "article:author", f"{address}/authors/{author['slug']}"
    for tag in article["tags"]:
        yield "article:tag", tag
