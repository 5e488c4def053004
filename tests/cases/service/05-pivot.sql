-- en: Pivot: types by year and priority, with subtotals of distinct customers, a rate and a median
-- zh: 透视：类型按年份与优先级，小计含去重客户数、关闭率与中位数
with base as (
  select case_type, strftime('%Y', opened_date) as year, priority, customer_id, minutes_to_close from service_case),
halves as (
  select case_type, year, priority, customer_id, minutes_to_close from base
  union all select case_type, year, '*', customer_id, minutes_to_close from base
  union all select case_type, '*', '*', customer_id, minutes_to_close from base),
cells as (
  select case_type, year, priority, customer_id, minutes_to_close from halves
  union all select '*', year, priority, customer_id, minutes_to_close from halves),
places as (
  select case_type, year, priority, minutes_to_close,
         row_number() over (partition by case_type, year, priority order by minutes_to_close) as place,
         count(*) over (partition by case_type, year, priority) as n
  from cells where minutes_to_close is not null),
medians as (
  select case_type, year, priority, sum(minutes_to_close) || '/' || count(*) as median
  from places where place in ((n + 1) / 2, (n + 2) / 2) group by 1, 2, 3)
select case_type, year, priority, count(*), count(distinct customer_id),
       count(minutes_to_close) || '/' || count(*) as close_rate__fraction, median as median__fraction
from cells left join medians using (case_type, year, priority)
group by 1, 2, 3
