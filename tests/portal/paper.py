# SPDX-License-Identifier: Apache-2.0
"""Pages as a program sees them: links, texts, tables."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Paper(HTMLParser):
    """links: (address, attributes); ids; tags: how many of each; text: all that is read."""

    def __init__(self, html, url):
        super().__init__(convert_charrefs=True)
        self.url, self.links, self.ids, self.tags = url, [], [], {}
        self.attributes, self.words, self.open = set(), [], []
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= set(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        for name in ("href", "src", "action"):
            if attributes.get(name) is not None:
                self.links.append((urljoin(self.url, attributes[name]), attributes))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    def inside(self):
        """The addresses of this portal that it links to, without what follows #."""
        mine = urlsplit(self.url).netloc
        return {link.split("#")[0] for link, _ in self.links
                if urlsplit(link).netloc == mine}

    def outside(self):
        mine = urlsplit(self.url).netloc
        return [(link, attributes) for link, attributes in self.links
                if urlsplit(link).netloc != mine]


def scope_of(url):
    """("services", "checkout", [what follows]) as it stands in an address; None: of no scope."""
    segments = urlsplit(url).path.strip("/").split("/")
    if len(segments) < 2 or segments[0] not in ("services", "teams"):
        return None
    return segments[0], segments[1], segments[2:]
