-- en: Special members: lines of customers never seen, of those without a rating, and rated D at the time
-- zh: 特殊成员：从未到达的客户、无评级客户与当时评级 D 的客户
with facts as (
  select coalesce(no_product, product_group, '@not_given') as product_group,
         coalesce(no_customer, rating_then, '@not_given') as rating, revenue_e4, customer_id from sales)
select product_group, rating, sum(revenue_e4) as revenue__e4, count(*), count(distinct customer_id)
from facts where rating in ('@not_yet_arrived', '@not_given', 'D')
group by 1, 2
