-- en: Top-N: the two people who won most in each sales department
-- zh: 排名：各销售部门赢单金额最高的两人
with sums as (
  select department, employee_id, sum(case when outcome = 'won' then amount_e4 end) as won_amount, sum(outcome = 'won') as won
  from opportunity where no_employee is null and department in ('Sales China', 'Sales Europe', 'Sales Americas') group by 1, 2),
ranked as (
  select *, row_number() over (partition by department order by won_amount desc, employee_id) as place from sums)
select department, employee_id, won_amount as won_amount__e4, won from ranked where place <= 2
