-- en: Drill-through: new business created in the third quarter of 2026 and won since
-- zh: 钻透：2026 年第三季度创建并已赢单的新业务
select name, sales_stage, created_date, closed_date, customer_name, coalesce(employee_name, 'null'),
       amount_e4 as amount__e4, probability
from opportunity where opportunity_type = 'New Business' and outcome = 'won'
  and created_date between '2026-07-01' and '2026-09-30'
