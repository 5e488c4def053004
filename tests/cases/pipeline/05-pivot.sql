-- en: Pivot: departments and their people by year, with subtotals of distinct customers, a rate, a median and an average
-- zh: 透视：部门与员工按年，小计含去重客户数、赢单率、中位数与平均数
with base as (
  select coalesce(no_employee, department, '@not_given') as department, coalesce(employee_id, '@not_given') as employee,
         strftime('%Y', created_date) as year, customer_id, outcome, days_to_close from opportunity),
people as (
  select department, employee, year, customer_id, outcome, days_to_close from base
  union all select department, '*', year, customer_id, outcome, days_to_close from base
  union all select '*', '*', year, customer_id, outcome, days_to_close from base),
cells as (
  select department, employee, year, customer_id, outcome, days_to_close from people
  union all select department, employee, '*', customer_id, outcome, days_to_close from people),
places as (
  select department, employee, year, days_to_close,
         row_number() over (partition by department, employee, year order by days_to_close) as place,
         count(*) over (partition by department, employee, year) as n
  from cells where days_to_close is not null),
medians as (
  select department, employee, year, sum(days_to_close) || '/' || count(*) as median
  from places where place in ((n + 1) / 2, (n + 2) / 2) group by 1, 2, 3)
select department, employee, year, count(distinct customer_id),
       sum(outcome = 'won') || '/' || sum(outcome in ('won', 'lost')) as win_rate__fraction,
       median as median__fraction,
       sum(days_to_close) || '/' || count(days_to_close) as average__fraction
from cells left join medians using (department, employee, year)
group by 1, 2, 3
