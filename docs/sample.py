"""A small repository with one pull request, for the pictures and for the commands of the documentation.

The branch ``discounts`` changes one module of three and its tests; two other modules and their tests see nothing of it.
"""

import os
import subprocess
from pathlib import Path

FIRST = {
    "LICENSE": "The sample may be used by anybody for anything.\n",
    "README.md": "# shop\n\nPrices, discounts and stock of a small shop.\n",
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/__init__.py": "",
    "shop/money.py": '''"""Amounts in cents."""


def share(cents, percent):
    """A percentage of an amount, rounded to the cent."""
    return (cents * percent + 50) // 100
''',
    "shop/discounts.py": '''"""What regular customers do not pay."""

from shop.money import share


def discounted(cents, percent):
    return cents - share(cents, percent)
''',
    "shop/orders.py": '''"""The sum of an order."""

from shop.discounts import discounted


def total(items, *, discount=0):
    return sum(discounted(cents, discount) * count for cents, count in items)
''',
    "shop/stock.py": '''"""What is there."""


def left(stock, sold):
    return {name: count - sold.get(name, 0) for name, count in stock.items()}
''',
    "tests/test_money.py": """import pytest
from shop.money import share


@pytest.mark.parametrize("percent", range(0, 101, 5))
def test_a_share_is_never_more_than_the_whole(percent):
    assert 0 <= share(1999, percent) <= 1999
""",
    "tests/test_discounts.py": """import pytest
from shop.discounts import discounted


@pytest.mark.parametrize("percent", [0, 5, 10, 25, 50])
def test_a_discount_makes_nothing_dearer(percent):
    assert discounted(1999, percent) <= 1999


def test_a_full_discount_makes_it_free():
    assert discounted(1999, 100) == 0
""",
    "tests/test_orders.py": """from shop.orders import total


def test_an_order_of_nothing_costs_nothing():
    assert total([]) == 0


def test_each_item_is_counted():
    assert total([(250, 3), (999, 1)]) == 1749


def test_the_discount_is_on_every_item():
    assert total([(1000, 2), (500, 1)], discount=10) == 2250
""",
    "tests/test_stock.py": """import pytest
from shop.stock import left


@pytest.mark.parametrize("sold", range(12))
def test_what_is_sold_is_gone(sold):
    assert left({"tea": 12}, {"tea": sold}) == {"tea": 12 - sold}
""",
}

CHANGED = {
    "shop/discounts.py": FIRST["shop/discounts.py"].replace(
        "def discounted(cents, percent):\n",
        "def discounted(cents, percent):\n"
        "    if not 0 <= percent <= 100:\n"
        '        raise ValueError(f"no discount is {percent} percent")\n',
    ),
    "tests/test_discounts.py": FIRST["tests/test_discounts.py"]
    + """

@pytest.mark.parametrize("percent", [-1, 101])
def test_a_discount_that_cannot_be_is_refused(percent):
    with pytest.raises(ValueError, match="no discount"):
        discounted(1999, percent)
""",
}


def make(folder: Path, *, owner: str = "Mary Somerville") -> None:
    """Make the repository in ``folder``: two commits on ``main``, one more on ``discounts``, which is checked out.

    Samples of different owners share no commit.
    """
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "config", "user.name", owner)
    _git(folder, "config", "user.email", "mary@example.org")
    _commit(folder, {"README.md": "# shop\n"}, "Begin")
    _commit(folder, FIRST, "Sell things")
    _git(folder, "switch", "--quiet", "--create", "discounts")
    _commit(folder, CHANGED, "Refuse discounts that cannot be")


def _commit(folder: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", message)


def _git(folder: Path, *arguments: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=clean)
