-- en: Dice: three types of case of priority P1 and P2, opened February 2025 to August 2026, by status and rating at the time
-- zh: 切块：三类个案、优先级 P1 与 P2，2025 年 2 月至 2026 年 8 月受理，按状态与当时评级
select status, coalesce(no_customer, rating_then), count(*), count(distinct customer_id)
from service_case
where case_type in ('Complaint_Quality', 'Complaint_Delay', 'Product') and priority in ('P1', 'P2')
  and opened_date between '2025-02-01' and '2026-08-31'
group by state, 1, 2
