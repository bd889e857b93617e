"""The columns of histories and readings."""

from agent.sheets import Column

TARGET = Column("target_id", ("目标编号", "监测对象", "目标", "对象编号"))
AT = Column("at", ("时间", "时刻", "监测时间"))
STATE = Column("state", ("状态",))
OUTCOME = Column("outcome", ("结果", "监测结果"))
INTERVAL = Column("interval_seconds", ("间隔秒", "间隔（秒）", "监测间隔秒"))
OVER = Column("over_limit", ("超限", "超限项"), required=False)
