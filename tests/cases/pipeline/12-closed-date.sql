-- en: A date in another role: by the quarter of closing; what is open has none
-- zh: 另一日期角色：按关闭季度；未结者无日期
with base as (
  select coalesce(strftime('%Y', closed_date), '@not_given') as year,
         coalesce(cast((strftime('%m', closed_date) + 2) / 3 as integer), '@not_given') as quarter,
         case when outcome = 'won' then amount_e4 end as won_e4, days_to_close from opportunity),
cells as (
  select year, quarter, won_e4, days_to_close from base
  union all select year, '*', won_e4, days_to_close from base
  union all select '*', '*', won_e4, days_to_close from base),
places as (
  select year, quarter, days_to_close, row_number() over (partition by year, quarter order by days_to_close) as place,
         count(*) over (partition by year, quarter) as n
  from cells where days_to_close is not null),
medians as (
  select year, quarter, sum(days_to_close) || '/' || count(*) as median
  from places where place in ((n + 1) / 2, (n + 2) / 2) group by 1, 2)
select year, quarter, count(*), sum(won_e4) as won_amount__e4, median as median__fraction
from cells left join medians using (year, quarter)
group by 1, 2
