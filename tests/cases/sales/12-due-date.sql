-- en: A date in another role: revenue by the month in which it falls due; impossible due dates are not given
-- zh: 另一日期角色：按到期月份的销售额；不可能的到期日视为未填写
select cast(strftime('%Y', due_date) as integer), cast(strftime('%m', due_date) as integer),
       sum(revenue_e4) as revenue__e4, count(distinct invoice_number)
from sales group by 1, 2
