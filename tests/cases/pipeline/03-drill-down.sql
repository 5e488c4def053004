-- en: Drill-down: from what is open to its stages, by department
-- zh: 下钻：从未结机会到各阶段，按部门
select sales_stage, coalesce(no_employee, department), count(*), sum(weighted_e4) as weighted_amount__e4
from opportunity where outcome = 'open'
group by 1, 2
