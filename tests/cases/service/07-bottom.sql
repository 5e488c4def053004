-- en: Bottom-N: the four types of case that were closed fastest by the median, opened in 2025
-- zh: 末位排名：2025 年受理、关闭时间中位数最短的四类个案
-- ordered
with places as (
  select case_type, minutes_to_close, row_number() over (partition by case_type order by minutes_to_close) as place,
         count(*) over (partition by case_type) as n
  from service_case where minutes_to_close is not null and strftime('%Y', opened_date) = '2025')
select case_type, sum(minutes_to_close) || '/' || count(*) as median__fraction, n
from places where place in ((n + 1) / 2, (n + 2) / 2)
group by case_type order by 1.0 * sum(minutes_to_close) / count(*), case_type limit 4
