-- en: SQL: opportunities by department and fiscal year of creation, from the star tables
-- zh: SQL：直接查询星型表，部门与创建财年
-- a fiscal year starts in April and is named after the year in which it ends
select department, cast(strftime('%Y', created_date) as integer) + (strftime('%m', created_date) >= '04'), count(*),
       sum(weighted_e4) as weighted_amount__e4
from opportunity where no_employee is null
group by 1, 2
