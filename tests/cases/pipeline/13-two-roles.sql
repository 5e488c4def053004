-- en: Three roles of the date in one query: created and closed in 2026, by quarter of creation and month of the proposal
-- zh: 同一查询中的三个日期角色：2026 年创建并关闭，按创建季度与报价月份
select cast((strftime('%m', created_date) + 2) / 3 as integer), cast(strftime('%m', proposal_date) as integer),
       count(*), sum(amount_e4) as amount__e4
from opportunity where strftime('%Y', created_date) = '2026' and strftime('%Y', closed_date) = '2026'
group by 1, strftime('%Y-%m', proposal_date)
