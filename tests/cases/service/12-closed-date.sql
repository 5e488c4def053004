-- en: A date in another role: by the month of closing; what is open or was never properly closed has none
-- zh: 另一日期角色：按关闭月份；未关闭者无日期
select cast(strftime('%Y', closed_date) as integer), cast(strftime('%m', closed_date) as integer), count(*), sum(reopened),
       sum(minutes_to_answer) || '/' || count(minutes_to_answer) as average__fraction
from service_case group by 1, 2
