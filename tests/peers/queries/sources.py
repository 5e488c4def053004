"""Random source files, made from a seed: the same for the same seed, a folder for each load.

They hold what is hard on numbers and names: values that tie, missing values, members that change, vanish, are deleted or never arrive,
members with the same caption, names with quotes, separators and Chinese in them. Floats are multiples of 2^-20, few of whose sums
are floats.
"""

import csv
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as parquet

LOADS = [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30)]
BEGIN = datetime(2024, 1, 1)
CUSTOMERS, PRODUCTS, CASES, ACCOUNTS, VISITS = 60, 36, 300, 25, 400
# Members of a tree, and facts by them.
GROWN, ENTRIES, SHIFTS = 30, 900, 500

NAMES = ["Ada", "O'Brien", 'Say "Hi"', "王伟", "「王」'伟'\"店\"", "a/b", "@not_given", "x, y", "Total", "NULL", "Ünal", "😀 & co", "100%_"]
NAMES += ["back\\slash", "Ada", "ada", "李娜", " spaced ", "-1", "true"]
REGIONS = ["North", "Sou'th", "东部", 'We"st', None]
CITIES = ["Berlin", "上海", "Springfield", "L'Aquila", "Null", None]
SEGMENTS = ["A", "B", "b", "大客户", None]
CHANNELS = ["web", "shop", "电话", None]
SHELVES = ["网'店", "web", 'top "1"', "下/架", None]
NOTES = [*NAMES, None, None, "rush", "gift"]
CATEGORIES = [("k1", "Food", "食品", 3), ("k2", "Drinks", "饮料", 1), ("k'3", "Food", "食品\"2\"", 2), ("类4", None, None, None)]
# Ends of days in the time zone of the warehouse.
MIDNIGHTS = [datetime(2025, 2, 14, 23), datetime(2025, 4, 30, 22), datetime(2025, 5, 15, 22), datetime(2025, 8, 1, 22)]
SIGNS = ["+", "+", "+", "-", "-", "~", "", None]
STRANGERS = ["nobody", "stran'ger", "陌生人"]


@dataclass
class Shop:
    """The state of all sources, moved on from load to load."""

    random: Random
    rows: int
    customers: list[dict] = field(default_factory=list)
    products: list[dict] = field(default_factory=list)
    sales: list[dict] = field(default_factory=list)
    cases: list[dict] = field(default_factory=list)
    accounts: list[dict] = field(default_factory=list)
    visits: list[dict] = field(default_factory=list)
    sellers: list[dict] = field(default_factory=list)
    companions: list[dict] = field(default_factory=list)
    ledgers: list[dict] = field(default_factory=list)
    staff: list[dict] = field(default_factory=list)
    branches: list[dict] = field(default_factory=list)
    entries: list[dict] = field(default_factory=list)
    crews: list[dict] = field(default_factory=list)
    shifts: list[dict] = field(default_factory=list)
    issued: int = 0

    def advance(self, since: datetime, until: datetime) -> None:
        """Everything that happens between two loads."""
        first = not self.customers
        self.products = self.products or [self.product(number) for number in range(PRODUCTS)]
        arrived = [self.customer(len(self.customers) + i, since, until) for i in range(CUSTOMERS if first else 5)]
        if not first:
            self.change_customers(since, until)
            self.change_products(until)
            self.change_sales()
        self.customers += arrived
        self.sales += [self.sale(since, until) for _ in range(self.rows // len(LOADS))]
        self.visits += [self.visit(len(self.visits) + i, since, until) for i in range(VISITS // len(LOADS))]
        self.change_cases(since, until)
        self.change_accounts(since, until)
        self.change_sellers()
        self.change_trees(since, until)
        self.change_books(since, until)
        self.companions = self.companions if not first and self.random.random() < 0.3 else self.companions_of()

    def change_customers(self, since: datetime, until: datetime) -> None:
        for customer in self.customers:
            if self.random.random() < 0.5:
                midnights = [it for it in MIDNIGHTS if since < it < until]
                at = self.random.choice(midnights) if self.random.random() < 0.4 else self.instant(since, until)
                customer |= self.attributes() | {"changed": at}
        for customer in self.random.sample(self.customers, 3):
            customer |= {"gone": True, "changed": self.instant(since, until)}
        self.customers.remove(self.random.choice(self.customers))

    def change_products(self, until: datetime) -> None:
        for product in self.random.sample(self.products, 6):
            product |= {"place": self.random.randrange(9), "name_en": self.random.choice(NAMES), "changed": until}

    def change_sales(self) -> None:
        for sale in self.random.sample(self.sales, len(self.sales) // 40):
            sale["gone"] = True
        for sale in self.random.sample(self.sales, len(self.sales) // 20):
            sale |= {"price": self.price(), "customer": self.who()}
        for sale in self.random.sample(self.sales, len(self.sales) // 50):
            self.sales.remove(sale)

    def change_cases(self, since: datetime, until: datetime) -> None:
        for case in self.cases:
            for milestone in ("answered_at", "closed_at"):
                if case[milestone] is None and self.random.random() < 0.6:
                    case[milestone] = self.instant(since, until)
            case["done"] = case["done"] or self.random.random() < 0.3
        for number in range(CASES // len(LOADS)):
            opened = self.maybe(self.instant(since, until), 0.97)
            self.cases.append(
                {"id": len(self.cases) + 1, "opened_at": opened, "answered_at": None, "closed_at": None, "done": False}
                | {"customer": self.who(), "kind": self.random.choice(NOTES), "cost": self.price()}
            )

    def change_accounts(self, since: datetime, until: datetime) -> None:
        for number in range(ACCOUNTS * 2):
            name = f"acc{self.random.randrange(ACCOUNTS)}"
            at = self.instant(since, until)
            self.accounts.append(
                {"id": name, "number": len(self.accounts) + 1, "customer": self.who(), "at": at}
                | {"opened": date(2024, 1 + int(name[3:]) % 12, 3), "closed": self.maybe(at.date(), 0.05)}
                | {"plan": self.random.choice(SEGMENTS), "balance": self.price(), "seats": self.maybe(self.random.randrange(20))}
            )

    def change_sellers(self) -> None:
        """Most sales keep those who sold them; of some sales they are others, or none any more."""
        kept = {sale["id"] for sale in self.sales if self.random.random() < 0.85}
        known = {seller["sale"] for seller in self.sellers}
        self.sellers = [seller for seller in self.sellers if seller["sale"] in kept]
        told = known & kept
        for sale in self.sales:
            if sale["id"] not in told:
                shares = self.random.choice([[1, 1, 1, 1, 1], [0] * 5, [0, 3, 5, 1, 2]])
                number = self.random.choices([0, 1, 2, 3, 5], [15, 35, 30, 15, 5])[0]
                self.sellers += [
                    {"sale": sale["id"], "customer": self.who(), "share": self.random.choice([Decimal(share), self.share()])}
                    for share in shares[:number]
                ]

    def share(self) -> Decimal:
        return Decimal(self.random.randrange(10**6)) / 1000

    def companions_of(self) -> list[dict]:
        """Products with others: some have none, or themselves, or nobody known."""
        companion = lambda: self.maybe(self.product_id(self.random.randrange(PRODUCTS + 2)))
        return [
            {"product": self.product_id(number), "companion": companion(), "gone": self.random.random() < 0.1}
            for number in range(PRODUCTS)
            for _ in range(self.random.choice([0, 1, 2, 4]))
        ]

    def change_trees(self, since: datetime, until: datetime) -> None:
        """Members come, change and get others above them."""
        attributes = {"l": self.ledger, "s": self.person, "b": self.branch}
        for letter, tree in zip(attributes, (self.ledgers, self.staff, self.branches)):
            for member in tree:
                if self.random.random() < 0.3:
                    midnights = [it for it in MIDNIGHTS if since < it < until]
                    at = self.random.choice(midnights) if self.random.random() < 0.4 else self.instant(since, until)
                    member |= {"above": self.above(letter, member["id"])} if self.random.random() < 0.5 else attributes[letter]()
                    member["changed"] = at
            for _ in range(4 if tree else GROWN):
                number = len(tree)
                member = {"id": self.grown(letter, number), "above": None} | attributes[letter]() | {"changed": self.instant(since, until)}
                tree.append(member | {"above": self.above(letter, member["id"], number)})

    def above(self, letter: str, own: str, number: int = GROWN) -> str | None:
        """Who is above a member: mostly an earlier one, seldom a later one, itself, nobody known, or nobody; never of the first one."""
        kind = self.random.random()
        if kind < 0.12 or own == self.grown(letter, 0):
            return None
        if kind < 0.22:
            return self.random.choice([own, f"no {letter}", *STRANGERS, self.grown(letter, self.random.randrange(GROWN))])
        return self.grown(letter, max(number - self.random.choice([1, 2, 2, 3, 4, 9]), 0))

    def ledger(self) -> dict:
        names = {"name_en": self.maybe(self.random.choice(NAMES)), "name_zh": self.maybe(self.random.choice(NAMES))}
        return names | {"place": self.maybe(self.random.randrange(9)), "kind": self.random.choice(SEGMENTS), "sign": self.random.choice(SIGNS)}

    def person(self) -> dict:
        names = {"name": self.maybe(self.random.choice(NAMES)), "nick": self.maybe(self.random.choice(NAMES))}
        return names | {"grade": self.random.choice(SEGMENTS)}

    def branch(self) -> dict:
        name, sign = self.maybe(self.random.choice(NAMES)), self.random.choice(SIGNS)
        return {"name": name, "sign": sign, "size": self.maybe(self.random.randrange(-2, 4))}

    def grown(self, letter: str, number: int) -> str:
        """The id of a member of a tree."""
        return f"{letter}{number}" if number % 6 < 5 else f"{letter}'树\"{number}"

    def one_of(self, letter: str, share: float = 0.95) -> str | None:
        """The id of a member of a tree, mostly a known one."""
        known = self.random.random() > 0.03
        return self.maybe(self.grown(letter, self.random.randrange(GROWN + 10)), share) if known else self.random.choice(STRANGERS)

    def change_books(self, since: datetime, until: datetime) -> None:
        for _ in range(ENTRIES // len(LOADS)):
            number = len(self.entries) + 1
            whole = self.random.randrange(-(2**30), 2**30)
            self.entries.append(
                {"id": number, "booked_at": self.maybe(self.instant(since, until), 0.97), "ledger": self.one_of("l"), "contra": self.one_of("l", 0.7)}
                | {"staff": self.one_of("s"), "branch": self.one_of("b"), "shelf": self.random.choice(SHELVES), "amount": self.price()}
                | {"hours": self.maybe(self.random.randrange(-3, 10)), "rating": self.maybe(whole / 2**20), "gone": self.random.random() < 0.03}
            )
            crew = {self.one_of("s") for _ in range(self.random.choice([0, 1, 1, 2, 4]))}
            self.crews += [{"entry": number, "staff": it, "share": self.random.randrange(4)} for it in sorted(crew, key=str)]
        for _ in range(SHIFTS // len(LOADS)):
            self.shifts.append(
                {"id": len(self.shifts) + 1, "began": self.maybe(self.instant(since, until), 0.97), "staff": self.one_of("s")}
                | {"mate": self.one_of("s", 0.7), "ledger": self.one_of("l"), "hours": self.maybe(self.random.randrange(1, 12))}
            )

    def customer(self, number: int, since: datetime, until: datetime) -> dict:
        name = self.maybe(self.random.choice(NAMES), 0.95)
        return {"id": self.id_of(number), "name": name, "gone": False, "changed": self.instant(since, until)} | self.attributes()

    def attributes(self) -> dict:
        region, city = self.random.choice(REGIONS), self.random.choice(CITIES)
        segment, score = self.random.choice(SEGMENTS), self.maybe(self.random.randrange(-2, 4))
        nick = self.maybe(self.random.choice(NAMES))
        return {"region": region, "city": city, "nick": nick, "segment": segment, "score": score, "loyalty": self.maybe(self.random.randrange(3))}

    def product(self, number: int) -> dict:
        category, english, chinese, place = self.random.choice(CATEGORIES)
        return {
            "id": self.product_id(number),
            "name_en": self.maybe(self.random.choice(NAMES)),
            "name_zh": self.maybe(self.random.choice(NAMES)),
            "category": self.maybe(category, 0.95),
            "category_en": english,
            "category_zh": chinese,
            "category_place": place,
            "place": self.maybe(self.random.randrange(9)),
            "fragile": self.maybe(self.random.random() < 0.5),
            "weight": self.maybe(self.random.randrange(-2, 6) / 4),
            "size": self.maybe(Decimal(self.random.randrange(-3, 9)) / 4),
            "launched": self.maybe(date(2024, 1, 31) + timedelta(self.random.randrange(5) * 30)),
            "changed": BEGIN,
        }

    def sale(self, since: datetime, until: datetime) -> dict:
        self.issued += 1
        at = self.instant(since, until)
        late = self.maybe(at.date() + timedelta(self.random.choice([0, 1, 2, 30, 400])), 0.85)
        return {
            "id": self.issued,
            "ordered_at": self.maybe(at, 0.97),
            "shipped": late,
            "customer": self.who(),
            "partner": self.who(0.5),
            "product": self.maybe(self.product_id(self.random.randrange(PRODUCTS + 2)), 0.95),
            "channel": self.random.choice(CHANNELS),
            "gift": self.maybe(self.random.random() < 0.3),
            "shelf": self.random.choice(SHELVES),
            "note": self.random.choice(NOTES),
            "ref": self.maybe(self.random.randrange(-20, 20)),
            "pieces": self.maybe(self.random.randrange(-3, 10)),
            "points": self.maybe(self.random.randrange(10**14)),
            "price": self.price(),
            "rate": self.maybe(Decimal(self.random.randrange(-10**6, 10**7)) / 10**6),
            "rating": self.maybe(self.random.randrange(-(2**52), 2**52) // 2 ** self.random.choice([0, 21]) / 2**20),
            "grade": self.maybe(self.random.randrange(-2560, 2560) / 256),
            "gone": self.random.random() < 0.02,
        }

    def visit(self, number: int, since: datetime, until: datetime) -> dict:
        day = self.maybe(self.instant(since, until).date(), 0.95)
        return {"id": number + 1, "day": day, "customer": self.who(), "product": self.product_id(self.random.randrange(PRODUCTS + 2))}

    def price(self) -> Decimal | None:
        digits = self.random.choice([self.random.randrange(-300, 3000) * 100, self.random.randrange(10**8), 0, 100_000])
        return self.maybe(Decimal(digits).scaleb(-4))

    def who(self, share: float = 0.95) -> str | None:
        """The id of a customer: mostly a known one, few of whom have most facts."""
        if self.random.random() < 0.03:
            return self.random.choice(STRANGERS)
        return self.maybe(self.id_of(int(CUSTOMERS * self.random.random() ** 2)), share)

    def id_of(self, number: int) -> str:
        return f"c{number}" if number % 7 else f"客/'{number}\""

    def product_id(self, number: int) -> str:
        return f"p{number}" if number % 5 else f"产'品\"{number}"

    def instant(self, since: datetime, until: datetime) -> datetime:
        return since + timedelta(seconds=self.random.randrange(int((until - since).total_seconds())))

    def maybe(self, value, share: float = 0.9):
        return value if self.random.random() < share else None


TIMES = pa.timestamp("us")
SCHEMAS = {
    "products": {"place": pa.int32(), "category_place": pa.int32(), "fragile": pa.bool_(), "weight": pa.float64()}
    | {"size": pa.decimal128(9, 2), "launched": pa.date32(), "changed": TIMES},
    "sales": {"id": pa.int64(), "ordered_at": TIMES, "shipped": pa.date32(), "gift": pa.bool_(), "ref": pa.int32(), "gone": pa.bool_()}
    | {"pieces": pa.int32(), "points": pa.int64(), "price": pa.decimal128(18, 4), "rate": pa.decimal128(12, 6)}
    | {"rating": pa.float64(), "grade": pa.float64()},
    "cases": {"id": pa.int64(), "opened_at": TIMES, "answered_at": TIMES, "closed_at": TIMES, "done": pa.bool_()}
    | {"cost": pa.decimal128(18, 4)},
    "entries": {"id": pa.int64(), "booked_at": TIMES, "amount": pa.decimal128(18, 4), "hours": pa.int32(), "rating": pa.float64(), "gone": pa.bool_()},
    "accounts": {"number": pa.int64(), "at": TIMES, "opened": pa.date32(), "closed": pa.date32()}
    | {"balance": pa.decimal128(18, 4), "seats": pa.int32()},
}


def make(folder: Path, seed: int, rows: int) -> list[tuple[date, Path]]:
    """Writes the files of every load; returns the loads with their business dates."""
    shop = Shop(Random(f"sources {seed}"), rows)
    since, made = BEGIN, []
    for day in LOADS:
        until = datetime(day.year, day.month, day.day, 20)
        shop.advance(since, until)
        target = folder / day.isoformat()
        target.mkdir(parents=True, exist_ok=True)
        write_csv(target / "customers.csv", shop.customers, ";")
        for table in ("visits", "sellers", "companions", "ledgers", "staff", "branches", "crews", "shifts"):
            write_csv(target / f"{table}.csv", getattr(shop, table), ",")
        for table in SCHEMAS:
            write_parquet(target / f"{table}.parquet", getattr(shop, table), SCHEMAS[table])
        made.append((day, target))
        since = until
    return made


def write_csv(path: Path, rows: list[dict], delimiter: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows([{name: written(value) for name, value in row.items()} for row in rows])


def written(value) -> str:
    """A value as text; booleans in small letters."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_parquet(path: Path, rows: list[dict], types: dict[str, pa.DataType]) -> None:
    fields = [pa.field(name, types.get(name, pa.string())) for name in rows[0]]
    parquet.write_table(pa.Table.from_pylist(rows, pa.schema(fields)), path)
