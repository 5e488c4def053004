-- en: Drill-down: from the ISO year 2026 to its weeks, by priority
-- zh: 下钻：从 ISO 2026 年到各周，按优先级
-- the Thursday of a day's week decides the ISO year and number of the week
with facts as (
  select date(opened_date, '-3 days', 'weekday 4') as thursday, priority, reopened from service_case)
select (strftime('%j', thursday) - 1) / 7 + 1, priority, count(*), sum(reopened)
from facts where strftime('%Y', thursday) = '2026'
group by 1, 2
