-- en: Dice: machines and services to customers rated A to C at the time, second quarter 2025 to first quarter 2026
-- zh: 切块：2025 年第二季度至 2026 年第一季度，当时评级 A 至 C 的客户购买的机器与服务
select currency, invoice_status, sum(quantity_e4) as quantity__e4, count(distinct invoice_number)
from sales
where product_group in ('Machines', 'Services') and invoice_date between '2025-04-01' and '2026-03-31'
  and no_customer is null and rating_then in ('A', 'B', 'C')
group by 1, 2
