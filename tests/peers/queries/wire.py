"""Questions and answers on the wire: the stubs are made from the project's proto files when they are needed."""

import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import grpc
import pyarrow as pa

PROTO = Path(__file__).parents[3] / "proto"
MESSAGE_BYTES = 256 << 20
PAGES = 5
# Seconds that an answer may take.
PATIENCE = 120


def compile_stubs(target: Path) -> None:
    """Compiles the proto files into a folder that Python imports from."""
    if not (target / "complete").exists():
        target.mkdir(parents=True, exist_ok=True)
        files = sorted(map(str, (PROTO / "planisphere" / "olap" / "v1").glob("*.proto")))
        out = [f"--python_out={target}", f"--grpc_python_out={target}"]
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *out, *files], check=True)
        (target / "complete").touch()


@dataclass
class Answer:
    """What came back: the columns as the header describes them, and the rows of all pages; or the status of a refusal."""

    columns: list = field(default_factory=list)
    # The query that was answered: after a drill another one than was sent.
    asked: object = None
    pages: list[pa.Table] = field(default_factory=list)
    cells: list[tuple] = field(default_factory=list)
    complete: bool = True
    # Of a drill-through: how many rows there are, the measures over them, and rows that came as values.
    total_rows: int = 0
    totals: list = field(default_factory=list)
    rows: list[tuple] = field(default_factory=list)
    refused: str | None = None
    message: str = ""


class Client:
    """A channel to the server."""

    def __init__(self, stubs: Path, address: str):
        sys.path.insert(0, str(stubs))
        from planisphere.olap.v1 import context_pb2, member_pb2, query_pb2, result_pb2, service_pb2_grpc

        self.context, self.member, self.query, self.result = context_pb2, member_pb2, query_pb2, result_pb2
        options = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.use_local_subchannel_pool", 1)]
        self.stub = service_pb2_grpc.OlapServiceStub(grpc.insecure_channel(address, options))

    def begin(self, question: dict):
        """Sends a question; its answer is fetched by `finish`."""
        request, ask = self.drilled(question, self.request(question))
        return request, ask, ask(request, timeout=PATIENCE)

    def drilled(self, question: dict, request) -> tuple:
        """The request of the operation that the question is asked by, and the operation."""
        down, up = question["drill_down"], question["roll_up"]
        asked = {"context": request.context, "query": request.query, "format": request.format}
        if down:
            path = [self.key(key, question["text_keys"]) for key in down["path"]]
            member = self.member.MemberRef(level=self.level(down["level"]), path=path)
            return self.query.DrillDownRequest(**asked, member=member, to_level=down["to"] or ""), self.stub.DrillDown
        if up:
            level = self.level(up["level"])
            level.hierarchy = level.hierarchy if up["named"] else ""
            return self.query.RollUpRequest(**asked, member=self.member.MemberRef(level=level)), self.stub.RollUp
        through = question["through"]
        if through:
            path = lambda keys: [self.key(key, question["text_keys"]) for key in keys]
            cell = [self.member.MemberRef(level=self.level(level), path=path(keys)) for level, keys in through["cell"].items()]
            return self.query.DrillThroughRequest(**asked, cell=cell, limit=through["limit"] or 0), self.stub.DrillThrough
        return request, self.stub.Query

    def finish(self, begun) -> Answer:
        """Reads the answer, page by page."""
        request, ask, call = begun
        answer = Answer()
        try:
            token = self.read(call, answer)
            if ask in (self.stub.DrillDown, self.stub.RollUp):
                # further pages are those of the query that was answered
                request = self.query.QueryRequest(context=request.context, query=answer.asked, format=request.format)
                ask = self.stub.Query
            while token and len(answer.pages) < PAGES:
                request.context.page_token = token
                token = self.read(ask(request, timeout=PATIENCE), answer)
            answer.complete = not token
        except grpc.RpcError as error:
            answer.refused, answer.message = error.code().name, error.details()
        return answer

    def read(self, call, answer: Answer) -> str:
        """Reads one page; the token of the next one."""
        token, arrow, ended, tuples = "", [], False, {}
        for message in call:
            kind = message.WhichOneof("chunk")
            if kind == "header":
                answer.asked = message.header.query
                answer.columns, token = list(message.header.columns), message.header.next_page_token
                answer.total_rows, answer.totals = message.header.total_rows, list(message.header.totals)
            elif kind == "arrow_ipc":
                arrow.append(message.arrow_ipc)
            elif kind == "cells":
                tuples |= {(it.axis, it.ordinal): it.members for it in message.cells.tuples}
                answer.cells += [(cell, [tuples[place] for place in enumerate(cell.ordinals)]) for cell in message.cells.cells]
            elif kind == "rows":
                answer.rows += [tuple(map(value_of, row.values)) for row in message.rows.rows]
            ended = kind == "trailer"
        if not ended:
            raise RuntimeError("a stream without a trailer")
        if not arrow:
            answer.pages.append(None)
        else:
            answer.pages.append(pa.ipc.open_stream(b"".join(arrow)).read_all())
        return token

    def request(self, question: dict):
        # the first one has a field of its own too
        is_first = bool(question["tops"] and question["tops"][0]["n"])
        query = self.query.CubeQuery(
            cube=question["cube"],
            measures=question["measures"],
            axes=[self.axis(it) for it in question["axes"]],
            filters=[self.filter(it, question["text_keys"]) for it in question["filters"]],
            measure_filters=[self.measure_filter(it) for it in question["measure_filters"]],
            sort=[self.sort(it) for it in question["sort"]],
            top=self.top(question["tops"][0]) if is_first else None,
            tops=[self.top(it) for it in question["tops"][is_first:]],
            limit=question["limit"] or 0,
            include_deleted=question["include_deleted"],
        )
        mode, _, day = question["history"].partition(" ")
        history = self.context.History(mode=f"HISTORY_MODE_{mode.upper()}", as_of_date=day)
        context = self.context.RequestContext(
            warehouse_version=question["version"] or 0, history=history, locale=question["locale"]
        )
        form = "RESULT_FORMAT_CELLS" if question["form"] == "cells" else "RESULT_FORMAT_ARROW_IPC"
        return self.query.QueryRequest(context=context, query=query, format=form)

    def level(self, name: str):
        dimension, *hierarchy, level = name.split(".")
        return self.member.LevelRef(dimension=dimension, hierarchy=hierarchy[0] if hierarchy else "", level=level)

    def axis(self, it: dict):
        levels = [self.level(name) for name in it["levels"]]
        if isinstance(it["subtotals"], list):
            return self.query.Axis(levels=levels, subtotals="SUBTOTALS_KEEPING", subtotals_keep=it["subtotals"])
        return self.query.Axis(levels=levels, subtotals="SUBTOTALS_ALL" if it["subtotals"] else "SUBTOTALS_NONE")

    def filter(self, it: dict, texts: bool):
        level = self.level(it["level"])
        path = lambda keys: self.member.MemberPath(keys=[self.key(key, texts) for key in keys])
        if "range" in it:
            bound = lambda end: self.query.Bound(member=path(end["path"]), exclusive=end["exclusive"])
            ends = {("from" if side == "from" else "to"): bound(end) for side, end in it["range"].items()}
            return self.query.Filter(level=level, drilled=it["drilled"], range=self.query.MemberRange(**ends))
        if "text" in it:
            text = self.query.TextMatch(place=f"TEXT_PLACE_{it['text']['place'].upper()}", text=it["text"]["text"])
            return self.query.Filter(level=level, drilled=it["drilled"], text=text)
        kind = "in" if "in" in it else "not_in"
        members = self.query.MemberSet(members=[path(keys) for keys in it[kind]])
        return self.query.Filter(level=level, drilled=it["drilled"], **{kind: members})

    def key(self, key, texts: bool):
        """A key of its own type, or as text."""
        if isinstance(key, tuple):
            return self.member.MemberKey(special=-key[1])
        if texts:
            return self.member.MemberKey(text=str(key).lower() if isinstance(key, bool) else str(key))
        for kind, types in (("boolean", bool), ("integer", int), ("decimal", (Decimal, float)), ("date", date), ("text", str)):
            if isinstance(key, types):
                return self.member.MemberKey(**{kind: key if kind in ("boolean", "integer", "text") else str(key)})
        raise TypeError(f"{key!r} is no key")

    def measure_filter(self, it: dict):
        comparison = f"COMPARISON_{it['comparison'].upper()}"
        return self.query.MeasureFilter(measure=it["measure"], comparison=comparison, value=it["value"])

    def sort(self, it: dict):
        by = {"measure": it["measure"]} if "measure" in it else {"level": self.level(it["level"])}
        return self.query.Sort(direction=f"SORT_DIRECTION_{'DESC' if it['descending'] else 'ASC'}ENDING", **by)

    def top(self, it: dict):
        levels = {name: self.level(it[name]) for name in ("level", "per") if it[name]}
        condition = {"comparison": f"COMPARISON_{it['comparison'].upper()}", "value": it["value"]} if it["comparison"] else {}
        return self.query.Top(count=it["n"] or 0, measure=it["by"], bottom=it["bottom"], **condition, **levels)


def value_of(value) -> str | None:
    """A value as text; none for null."""
    kind = value.WhichOneof("value")
    return str(getattr(value, kind)) if kind else None
