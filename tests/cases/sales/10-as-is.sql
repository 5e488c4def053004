-- en: As it is: the same revenue by the industry and rating that customers have now
-- zh: 按现状：按客户当前的行业与评级
select coalesce(no_customer, industry_now), coalesce(no_customer, rating_now),
       sum(revenue_e4) as revenue__e4, count(distinct customer_id), count(*)
from sales group by 1, 2
