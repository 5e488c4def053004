-- en: SQL: rating at the time by product group, from the star tables
-- zh: SQL：直接查询星型表，当时评级与产品组
select rating_then, product_group, count(*), sum(revenue_e4) as revenue__e4, count(distinct customer_id)
from sales where no_customer is null and no_product is null
group by 1, 2
