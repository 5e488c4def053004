-- en: Drill-through: the quality complaints of October 2026 of priority P1 and P3
-- zh: 钻透：2026 年 10 月优先级 P1 与 P3 的质量投诉
select case_number, case_type, status, opened_date, coalesce(closed_date, 'null'), coalesce(customer_name, 'null'),
       coalesce(employee_name, 'null'), minutes_to_close
from service_case where case_type = 'Complaint_Quality' and priority in ('P1', 'P3')
  and opened_date between '2026-10-01' and '2026-10-31'
