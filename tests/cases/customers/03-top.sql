-- en: Top-N: what the five people with the most cases sold and what they work on
-- zh: 排名：个案最多的五人的销售额与商机数
with ranked as (
  select employee_id, count(*) as cases from service_case where no_employee is null group by 1 order by 2 desc, 1 limit 5)
select employee_id, (select sum(revenue_e4) from sales s where s.employee_id = r.employee_id) as revenue__e4,
       nullif((select count(*) from opportunity o where o.employee_id = r.employee_id), 0), cases
from ranked r
