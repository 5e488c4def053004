-- en: Dice: revenue of customers rated A or B at the time, April to December 2025, by country
-- zh: 切块：2025 年 4 至 12 月当时评级为 A、B 的客户在各国的销售额
select country, sum(revenue_e4) as revenue__e4, count(distinct customer_id)
from sales
where no_customer is null and rating_then in ('A', 'B') and invoice_date between '2025-04-01' and '2025-12-31'
group by 1
