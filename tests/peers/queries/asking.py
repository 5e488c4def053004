"""One process that asks questions and judges the answers, several of them under way at a time."""

import traceback
from collections import deque
from pathlib import Path

import compare
import compare_detail
import detail
import questions
import schema
from across import AcrossOracle
from features import defaults, drills
from oracle import Oracle
from tables import Tables
from tally import Tally
from wire import Answer, Client
from world import World

UNDER_WAY = 4


class Asker:
    """A client of the server, and an oracle over the same warehouse."""

    def __init__(self, folder: Path, model: Path, stubs: Path, address: str):
        self.folder, self.model = folder, schema.read(model)
        self.client = Client(stubs, address)
        self.open()

    def open(self) -> None:
        self.tables = Tables(self.folder / "warehouse", self.model)
        self.world = World(self.model, self.tables)

    def ask(self, seed: int, begin: int, end: int) -> tuple[Tally, list[str]]:
        """Asks a range of numbers; the counts, and what to tell of mismatches."""
        tally, told, under_way = Tally(), [], deque()
        for number in range(begin, end):
            question = questions.draw(self.world, seed, number)
            under_way.append((number, question, self.client.begin(question)))
            if len(under_way) == UNDER_WAY:
                self.judge(seed, *under_way.popleft(), tally, told)
        for it in under_way:
            self.judge(seed, *it, tally, told)
        return tally, told

    def judge(self, seed: int, number: int, question: dict, begun, tally: Tally, told: list[str]) -> None:
        tally.queries += 1
        if not question["refused"]:
            tally.features.update(questions.labels(self.world, question))
        statements, fault = [], None
        try:
            answer = self.client.finish(begun)
            if question["refused"] or answer.refused:
                tally.refused += 1
                fault = refusal(question, answer)
            else:
                judged = self.of_rows if question["through"] else self.of_cells
                fault = judged(question, answer, tally, statements)
        except Exception:
            # DuckDB is of no use after some of its failures
            fault = traceback.format_exc()
            self.open()
        if fault:
            tally.mismatches.append(f"{seed}/{number}")
            told += [f"mismatch at SEED={seed} QUERY={number}", questions.written(question), *statements, "", f"{fault}\n"]

    def of_cells(self, question: dict, answer: Answer, tally: Tally, statements: list[str]) -> str | None:
        """What is wrong with the answer to a query."""
        kind = AcrossOracle if question.get("parts") else Oracle
        cube = self.model.cubes[question["cube"]]
        answered = defaults.asked(drills.asked(question, cube), cube)
        expected = kind(self.model, self.tables, answered).expected()
        statements.append(expected.sql)
        rows = self.tables.answer(expected.sql)
        tally.empty += rows.num_rows == 0
        return compare.difference(answer, expected, rows, question["limit"], tally.approximate)

    def of_rows(self, question: dict, answer: Answer, tally: Tally, statements: list[str]) -> str | None:
        """What is wrong with the answer to a drill-through."""
        expected = detail.expected(self.model, self.tables, question)
        statements += [expected.rows, expected.totals.sql]
        found = self.tables.answer(expected.rows), self.tables.answer(expected.totals.sql)
        tally.empty += found[0].num_rows == 0
        return compare_detail.difference(answer, expected, found, question["through"]["limit"], tally.approximate)


def refusal(question: dict, answer: Answer) -> str | None:
    """What is wrong with a refusal, or with its absence."""
    if question["refused"] == answer.refused:
        return None
    return f"refused as {answer.refused}, expected {question['refused']}: {answer.message}"


# The asker of a process of the pool.
asker: Asker | None = None


def start(*begun) -> None:
    global asker
    asker = Asker(*begun)


def work(seed: int, begin: int, end: int) -> tuple[Tally, list[str]]:
    return asker.ask(seed, begin, end)
