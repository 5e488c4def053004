-- en: Having: products with more than 30 % margin and at least 40 lines, the greatest revenue first
-- zh: 条件：毛利率高于 30% 且至少 40 行的产品，按销售额降序
-- ordered
select coalesce(no_product, product_id), sum(revenue_e4) as revenue__e4, count(*)
from sales group by no_product, product_group, category, case when no_product is null then product_id end
having (sum(revenue_e4) - sum(cost_e4)) * 10 > sum(revenue_e4) * 3 and count(*) >= 40
order by sum(revenue_e4) desc
