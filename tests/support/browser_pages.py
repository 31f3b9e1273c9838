"""What a page has to be in a browser, whatever it shows: quiet, legible, named."""

from typing import Any

from tests.support.browser import Browser

TOLD = (
    "Log.entryAdded",
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Audits.issueAdded",
)
ASKED = "Network.requestWillBeSent"
LEAST_CONTRAST = 4.5  # of text: WCAG 2.2, 1.4.3
# Each text's own contrast with the ground that it stands on, as WCAG defines it.
CONTRASTS = """
(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (numbers(colour).length === 3) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.data.trim();
    if (!words || !element.checkVisibility() || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ours = light(element.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const theirs = light(ground(element));
    const ratio = (Math.max(ours, theirs) + 0.05) / (Math.min(ours, theirs) + 0.05);
    found.push([words, ratio]);
  }
  return found;
})()
"""


def told(browser: Browser) -> list[Any]:
    """What the browser had to say of the page: messages, errors, issues."""
    return [each for each in browser.events if each[0] in TOLD]


def asked(browser: Browser) -> list[str]:
    """The addresses that were asked for."""
    return [event["request"]["url"] for name, event in browser.events if name == ASKED]


def nodes_of(browser: Browser) -> list[dict[str, Any]]:
    """What a screen reader sees."""
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    return [each for each in nodes if not each["ignored"]]


def role_of(node: dict[str, Any]) -> str:
    """Such as `heading`."""
    return str(node["role"]["value"])


def name_of(node: dict[str, Any]) -> str:
    """What it is called; "" where it has no name."""
    return str(node.get("name", {}).get("value", ""))
