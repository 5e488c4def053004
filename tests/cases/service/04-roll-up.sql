-- en: Roll-up: from agents up to departments, with customers and averages that cannot be added up
-- zh: 上卷：从服务人员汇总到部门，含不可相加的客户数与平均值
select coalesce(no_employee, department), cast(strftime('%Y', opened_date) as integer), count(*), count(distinct customer_id),
       sum(minutes_to_answer) || '/' || count(minutes_to_answer) as average__fraction
from service_case group by 1, 2
