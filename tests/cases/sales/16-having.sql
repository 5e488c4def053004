-- en: Having: products with more than 30 % margin and at least 40 lines, the greatest revenue first
-- zh: 条件：毛利率高于 30% 且至少 40 行的产品，按销售额降序
-- ordered
select coalesce(nullif(product_id, ''), '@not_given'), sum(revenue_e4) as revenue__e4, count(*)
from sales group by 1
having (sum(revenue_e4) - sum(cost_e4)) * 10 > sum(revenue_e4) * 3 and count(*) >= 40
order by sum(revenue_e4) desc
