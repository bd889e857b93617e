"""A kept trace in words and as JSON, in Chinese and English: how far anything was heard from, and never more."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.stores.pathing import KeptPath
from collectors.path import Answer, End, Hop, Traced, hop_words, last_answered, sentence

Json = dict[str, Any]

WORDS_ZH: Mapping[str, str] = {
    "echo reply": "回显应答",
    "answered": "有应答",
    "connected": "连接成功",
    "refused": "拒绝连接",
    "network unreachable": "网络不可达",
    "host unreachable": "主机不可达",
    "protocol unreachable": "协议不可达",
    "port unreachable": "端口不可达",
    "packet too big": "报文过大",
    "source route failed": "源路由失败",
    "network unknown": "网络未知",
    "host unknown": "主机未知",
    "network prohibited": "网络被禁止",
    "host prohibited": "主机被禁止",
    "network unreachable for this type of service": "该服务类型下网络不可达",
    "host unreachable for this type of service": "该服务类型下主机不可达",
    "filtered": "被过滤",
    "hop limit exceeded": "跳数用尽",
    "reassembly time exceeded": "重组超时",
    "no route to the destination": "没有到目的地的路由",
    "beyond the scope of the source address": "超出源地址范围",
    "address unreachable": "地址不可达",
    "source address refused by policy": "源地址被策略拒绝",
    "route rejects the destination": "路由拒绝该目的地",
}

_STOPPED_ZH: Mapping[End, str] = {
    End.SILENT: "未再向前探测",
    End.MAX_HOPS: "已到最大跳数",
    End.DEADLINE: "已到时限",
    End.STOPPED: "已停止",
}


def path_as_json(path: KeptPath, time: Callable[[int], str]) -> Json:
    """One kept trace in the words of the interface."""
    traced = path.traced
    last = last_answered(traced.hops)
    return {
        "fault": path.fault,
        "target": path.target,
        "at": time(path.at),
        "method": str(traced.method),
        "address": traced.address,
        "port": traced.port,
        "source": traced.source or None,
        "end": str(traced.end),
        "duration_seconds": traced.seconds,
        "last_hop": None if last is None else last.number,
        "summary_en": sentence(traced),
        "summary_zh": sentence_zh(traced),
        "hops": [_hop(hop) for hop in traced.hops],
    }


def _hop(hop: Hop) -> Json:
    return {"hop": hop.number, "sent": hop.sent, "answers": [_answer(answer) for answer in hop.answers]}


def _answer(answer: Answer) -> Json:
    return {
        "address": answer.address,
        "rtt_seconds": answer.seconds,
        "said": str(answer.said),
        "words": answer.words,
        "icmp": None if answer.kind is None else [answer.kind, answer.code],
    }


def path_words(path: KeptPath, time: Callable[[int], str]) -> Iterator[str]:
    """One kept trace for people: the sentence, then a line a hop."""
    traced = path.traced
    port = "" if traced.port is None else f" port {traced.port}"
    where = f"{traced.address}{port} by {traced.method}"
    yield f"path to {where} at {time(path.at)}, for {path.target} (fault {path.fault}):"
    yield f"  {sentence(traced)}"
    for hop in traced.hops:
        yield f"  {hop.number:2}  {hop_words(hop)}"


def sentence_zh(traced: Traced) -> str:
    """The sentence of `collectors.path.sentence` in Chinese."""
    last = last_answered(traced.hops)
    if last is None:
        return f"没有任何一跳应答；已探测到第 {traced.hops[-1].number if traced.hops else 0} 跳"
    answer = last.answers[-1]
    words, took = WORDS_ZH.get(answer.words, answer.words), f"{answer.seconds * 1000:.1f} ms"
    if traced.end is End.ARRIVED:
        return f"第 {last.number} 跳有以 {answer.address} 名义的应答（{took}）：{words}"
    if traced.end is End.UNREACHABLE:
        by = f"本机 {answer.address}" if answer.address == traced.source else answer.address
        return f"在第 {last.number} 跳中断：{by} 报告{words}（{took}）"
    return f"最后应答的一跳：第 {last.number} 跳 {answer.address}（{took}）；{_silence_zh(last.number, traced)}"


def _silence_zh(last: int, traced: Traced) -> str:
    first, to = last + 1, traced.hops[-1].number
    if first > to:
        return _STOPPED_ZH[traced.end]
    return f"第 {first} 跳无应答" if first == to else f"第 {first} 至 {to} 跳无应答"
