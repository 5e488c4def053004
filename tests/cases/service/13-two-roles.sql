-- en: Two roles of the date in one query: quarter of opening by quarter of closing, since October 2025
-- zh: 同一查询中的两个日期角色：2025 年 10 月以来的受理季度与关闭季度
select cast((strftime('%m', opened_date) + 2) / 3 as integer), cast((strftime('%m', closed_date) + 2) / 3 as integer),
       count(*), count(distinct customer_id)
from service_case where opened_date >= '2025-10-01'
group by strftime('%Y', opened_date), strftime('%Y', closed_date), 1, 2
