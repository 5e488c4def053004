-- en: Roll-up: win rate, from employees up to their departments
-- zh: 上卷：赢单率从员工汇总到部门
select case when o.employee_id is null then '@not_given' when u.id is null then '@not_yet_arrived'
            else nullif(u.department, '') end,
       count(*), sum(outcome = 'won'), sum(outcome = 'won') || '/' || sum(outcome in ('won', 'lost')) as win_rate__fraction
from opportunity o left join users u on u.id = o.employee_id
group by 1
