-- en: Two roles of the date in one query: month of the invoice by month of the due date
-- zh: 同一查询中的两个日期角色：开票月份与到期月份
select cast(strftime('%m', invoice_date) as integer), cast(strftime('%m', due_date) as integer),
       sum(revenue_e4) as revenue__e4, count(*)
from sales where strftime('%Y', invoice_date) = '2026' and due_date >= '2026-02-15'
group by 1, strftime('%Y-%m', due_date)
